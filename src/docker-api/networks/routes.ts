import { Fault } from "../../lib/fault.ts";
import { networkIdLabel } from "../../model/network.ts";
import type { Network } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type Answer, empty, type Json, json } from "../answer.ts";
import { attaching } from "../containers/attaching.ts";
import type { RouteContext } from "../context.ts";
import { type EngineObject, engineObject, isObject, localNetworks } from "../engine-json.ts";
import { HttpError } from "../errors.ts";
import { parseFilters } from "../filters.ts";
import { notInSwarmText } from "../manager.ts";
import { strictFlag } from "../query.ts";
import type { Route } from "../route.ts";
import { connectBody, wishIn } from "./connect-request.ts";
import { createBody, isForSwarm, toNetworkSpec } from "./create-request.ts";
import { isListed, networkFilters } from "./list-filter.ts";
import { driverOf, fromNetwork, isPredefined, nameOf } from "./network.ts";
import { prune } from "./prune.ts";
import { type Resolved, resolveNetwork } from "./resolve.ts";
import { usageOf } from "./usage.ts";

export const networkRoutes: readonly Route[] = [
  { method: "GET", path: "/networks", handler: list },
  { method: "GET", path: "/networks/:id", handler: inspect },
  { method: "POST", path: "/networks/create", handler: createNetwork },
  { method: "POST", path: "/networks/prune", handler: prune },
  { method: "POST", path: "/networks/:id/connect", handler: connect },
  { method: "POST", path: "/networks/:id/disconnect", handler: disconnect },
  { method: "DELETE", path: "/networks/:id", handler: remove },
];

/** Networks every engine has; nobody removes them. */
const builtIn = ["bridge", "host", "none"];

async function list(context: RouteContext): Promise<Answer> {
  const filters = parseFilters(context.query, networkFilters);
  const all = await swarmNetworks(context);
  const swarm = all.filter(network => isListed(network, filters));
  const scopes = filters.get("scope");
  const wantsLocal = scopes.length === 0 || scopes.some(scope => scope !== "swarm");
  const local = wantsLocal ? await localNetworks(context.engine, context.query.get("filters") ?? "") : [];
  const known = new Set(all.map(({ id }) => id));
  return json([...swarm.map(fromNetwork), ...local.filter(network => !standsForOneOf(network, known))]);
}

/** Whether it is the bridge by which this node takes part in one of these networks of the swarm's. */
function standsForOneOf({ Labels }: EngineObject, ids: ReadonlySet<string>): boolean {
  const id = isObject(Labels) ? Labels[networkIdLabel] : undefined;
  return typeof id === "string" && ids.has(id);
}

async function inspect(context: RouteContext): Promise<Answer> {
  const verbose = strictFlag(context.query, "verbose");
  const scope = context.query.get("scope") ?? "";
  const found = await resolve(context, scope);
  if (found?.kind !== "swarm") return elsewhere(context, found);
  const shown = fromNetwork(found.network);
  if (driverOf(found.network) !== "overlay") return json(shown);
  const { nodeId, controlAvailable } = context.backend.status();
  if (!controlAvailable) return json({ ...shown, Containers: await containersHere(context, found.network.id) });
  const usage = await usageOf(found.network, context.control(), { nodeId, verbose });
  return json({ ...shown, ...usage });
}

/** What the engine has on the bridge by which this node takes part in the network. */
async function containersHere({ engine }: RouteContext, networkId: string): Promise<Json> {
  const ids = new Set([networkId]);
  const bridge = (await localNetworks(engine)).find(network => standsForOneOf(network, ids));
  const found = bridge && (await engineObject(engine, `/networks/${bridge.Id}`));
  return found?.Containers ?? {};
}

/** Networks that are not the engine's are asked for at the managers: also by workers, which know none of them. */
async function connect(context: RouteContext): Promise<Answer> {
  const { params, signal } = context;
  const networks = context.containerNetworks?.();
  if (!networks) return connectLocally(context);
  const { Container: container, ...body } = await context.parse(connectBody);
  const wish = wishIn(body);
  const isDone = await attaching(() => networks.connect(params.id ?? "", container ?? "", wish, signal));
  return isDone ? empty(200) : context.handThrough();
}

/** This node's engine can be on none of the swarm's networks; Docker's text for those that nobody could be put on by hand. */
async function connectLocally(context: RouteContext): Promise<Answer> {
  const found = await resolve(context, "");
  if (found?.kind !== "swarm" || (found.network.spec?.attachable ?? false)) return context.handThrough();
  const reason = `rpc error: code = PermissionDenied desc = network ${nameOf(found.network)} not manually attachable`;
  throw new HttpError(403, `Could not attach to network ${nameOf(found.network)}: ${reason}`);
}

async function disconnect(context: RouteContext): Promise<Answer> {
  const networks = context.containerNetworks?.();
  if (!networks) return context.handThrough();
  const { Container: container } = await context.parse(connectBody);
  return (await networks.disconnect(context.params.id ?? "", container ?? "")) ? empty(200) : context.handThrough();
}

async function createNetwork(context: RouteContext): Promise<Answer> {
  const body = await context.parse(createBody);
  const name = body.Name ?? "";
  const taken = (await swarmNetworks(context)).some(network => nameOf(network) === name && !isPredefined(network));
  if (taken) throw nameTaken(name);
  if (!isForSwarm(body)) return context.handThrough();
  if (builtIn.includes(name)) {
    throw new HttpError(403, `operation is not permitted on predefined ${name} network `);
  }
  refuseElsewhere(context);
  const spec = toNetworkSpec(body);
  const local = await localNetworks(context.engine);
  if (local.some(network => network.Name === name)) throw nameTaken(name);
  const { network } = await context.control().createNetwork({ spec });
  return json({ Id: network?.id ?? "", Warning: "" }, 201);
}

const nameTaken = (name: string): HttpError => new HttpError(409, `network with name ${name} already exists`);

/** The swarm's networks are made on managers: dockerd's statuses for the others differ from those of other requests. */
function refuseElsewhere(context: RouteContext): void {
  const { controlAvailable, state } = context.backend.status();
  if (controlAvailable) return;
  if (state !== "active") throw new HttpError(500, notInSwarmText);
  const advice = "Please create the network from a manager node.";
  throw new HttpError(403, `Cannot create a multi-host network from a worker node. ${advice}`);
}

async function remove(context: RouteContext): Promise<Answer> {
  const reference = context.params.id ?? "";
  const found = await resolve(context, "");
  if (found?.kind === "swarm") {
    await context.control().removeNetwork({ networkId: found.network.id });
    return empty(204);
  }
  if (!found && builtIn.includes(reference)) {
    throw new HttpError(403, `${reference} is a pre-defined network and cannot be removed`);
  }
  return elsewhere(context, found);
}

async function resolve(context: RouteContext, scope: string): Promise<Resolved | undefined> {
  const reference = context.params.id ?? "";
  const swarm = scope === "local" ? [] : await swarmNetworks(context);
  const local = scope === "swarm" ? [] : await localNetworks(context.engine);
  const found = resolveNetwork(reference, swarm, local);
  if (found || scope !== "swarm") return found;
  const predefined = swarm.find(network => isPredefined(network) && nameOf(network) === reference);
  return predefined && { kind: "swarm", network: predefined };
}

/** The engine answers for its own. */
function elsewhere(context: RouteContext, found: Resolved | undefined): Promise<Answer> {
  if (found) return context.handThrough();
  throw new Fault("not_found", `network ${context.params.id ?? ""} not found`);
}

/** On a node that is no manager those that it takes part in. */
async function swarmNetworks(context: RouteContext): Promise<readonly Network[]> {
  if (!context.backend.status().controlAvailable) return context.containerNetworks?.()?.known() ?? [];
  return (await context.control().listNetworks({})).networks;
}
