import { Fault } from "../../lib/fault.ts";
import { type Answer, json } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import { dropNewerMembers } from "../convert/older-client.ts";
import { type ServiceSpecBody, serviceSpecBody, toServiceSpec } from "../convert/service-spec.ts";
import { serviceName } from "./name.ts";
import { withNetworkIds } from "./networks.ts";
import { sentAuth, withAuth } from "./registry-auth.ts";

/** Names tried for a service that came without one, before the conflict is the client's. */
const nameAttempts = 8;

/** POST /services/create. */
export async function createService(context: RouteContext): Promise<Answer> {
  const sent = await context.parse(serviceSpecBody);
  dropNewerMembers(sent, context.version);
  const body = await withNetworkIds(sent, context, context.control());
  if (body.Name) return json({ ID: await create(context, body) }, 201);
  return json({ ID: await createUnnamed(context, body) }, 201);
}

async function createUnnamed(context: RouteContext, body: ServiceSpecBody): Promise<string> {
  const bytes = await context.bytes();
  for (let attempt = 1; ; attempt++) {
    try {
      return await create(context, { ...body, Name: serviceName(bytes, context.clock.now(), attempt) });
    } catch (error) {
      const taken = error instanceof Fault && error.code === "already_exists";
      if (!taken || attempt === nameAttempts) throw error;
    }
  }
}

async function create(context: RouteContext, body: ServiceSpecBody): Promise<string> {
  const spec = withAuth(toServiceSpec(body), sentAuth(context.request));
  const { service } = await context.control().createService({ spec });
  return service?.id ?? "";
}
