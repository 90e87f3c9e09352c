import { UpdateServiceRequest_Rollback as Rollback } from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { type Answer, empty, json } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import { dropNewerMembers } from "../convert/older-client.ts";
import { serviceSpecBody, toServiceSpec } from "../convert/service-spec.ts";
import { HttpError } from "../errors.ts";
import { findService } from "../lookup.ts";
import { versionQuery } from "../query.ts";
import { withNetworkIds } from "./networks.ts";
import { keptAuth, sentAuth, withAuth } from "./registry-auth.ts";

/** POST /services/{id}/update. For a rollback the body still has to be a good spec; what it says does not count. */
export async function updateService(context: RouteContext): Promise<Answer> {
  const sent = await context.parse(serviceSpecBody);
  const index = versionQuery(context.query, "service");
  dropNewerMembers(sent, context.version);
  const control = context.control();
  const spec = toServiceSpec(await withNetworkIds(sent, context, control));
  const service = await findService(control, context.params.id ?? "");
  const auth = sentAuth(context.request) ?? keptAuth(service, context.query.get("registryAuthFrom") ?? "");
  await control.updateService({
    serviceId: service.id,
    serviceVersion: { index },
    spec: withAuth(spec, auth),
    rollback: rollbackOf(context.query.get("rollback") ?? ""),
  });
  return json({ Warnings: null });
}

function rollbackOf(word: string): Rollback {
  if (word === "" || word === "none") return Rollback.NONE;
  if (word === "previous") return Rollback.PREVIOUS;
  throw new HttpError(500, `unrecognized rollback option ${word}`);
}

/** DELETE /services/{id}. */
export async function removeService(context: RouteContext): Promise<Answer> {
  const control = context.control();
  const { id } = await findService(control, context.params.id ?? "");
  await control.removeService({ serviceId: id });
  return empty();
}
