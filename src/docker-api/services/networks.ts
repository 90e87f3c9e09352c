import { Fault } from "../../lib/fault.ts";
import type { Client } from "../../ports/transport.ts";
import type { Control } from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { RouteContext } from "../context.ts";
import type { ServiceSpecBody } from "../convert/service-spec.ts";
import { HttpError } from "../errors.ts";
import { findNetwork } from "../lookup.ts";

/** Networks that every engine has and that services may use under the same name. */
const predefined: ReadonlySet<string> = new Set(["bridge", "host", "none"]);

/**
 * The body with its networks, given by name or id prefix, as full ids in the task template, where they belong since API
 * 1.25. Docker answers 500 for a network that is not there.
 */
export async function withNetworkIds(
  body: ServiceSpecBody,
  context: RouteContext,
  control: Client<typeof Control>,
): Promise<ServiceSpecBody> {
  const inTask = body.TaskTemplate?.Networks ?? [];
  const wanted = inTask.length > 0 ? inTask : (body.Networks ?? []);
  if (wanted.length === 0) return body;
  const Networks = [];
  for (const network of wanted) {
    Networks.push({ ...network, Target: await networkId(network.Target ?? "", context, control) });
  }
  return { ...body, TaskTemplate: { ...body.TaskTemplate, Networks } };
}

async function networkId(target: string, context: RouteContext, control: Client<typeof Control>): Promise<string> {
  try {
    return (await findNetwork(control, target)).id;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "not_found") throw error;
    const local = target === "" ? "" : await localNetworkName(target, context);
    if (predefined.has(local)) return predefinedId(local, control);
    if (local !== "") throw onlySwarmNetworks(local);
    throw new HttpError(500, error.message);
  }
}

/** The name of a network that only this node's engine has, "" when it has none. */
async function localNetworkName(target: string, { engine }: RouteContext): Promise<string> {
  try {
    const network = await engine.getJson(`/networks/${encodeURIComponent(target)}`);
    const name: unknown = typeof network === "object" && network !== null ? Reflect.get(network, "Name") : "";
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}

/** The predefined networks exist a second time in the swarm, with ids of their own. */
async function predefinedId(name: string, control: Client<typeof Control>): Promise<string> {
  try {
    return (await findNetwork(control, name)).id;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "not_found") throw error;
    throw new HttpError(404, `could not find the corresponding predefined swarm network: ${error.message}`);
  }
}

function onlySwarmNetworks(name: string): HttpError {
  const reason = "Only networks scoped to the swarm can be used, such as those created with the overlay driver.";
  return new HttpError(403, `The network ${name} cannot be used with services. ${reason}`);
}
