import { asFault } from "../../lib/fault.ts";
import { type Json, json } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import type { JsonObject } from "../convert/omit.ts";
import { type EngineObject, isObject } from "../engine-json.ts";
import { lockedText } from "../manager.ts";
import type { Route } from "../route.ts";
import { fromCluster } from "../swarm/cluster.ts";
import { theCluster } from "../swarm/routes.ts";
import type { Machine } from "./machine.ts";
import { machineInfo } from "./machine-info.ts";

/** `/info`: the engine's, with this node's part in the swarm. */
export function infoRoutes(machine: Machine): readonly Route[] {
  return [{ method: "GET", path: "/info", handler: async context => json(await info(context, machine)) }];
}

async function info(context: RouteContext, machine: Machine): Promise<JsonObject> {
  const [base, swarm] = await Promise.all([engineInfo(context, machine), swarmInfo(context)]);
  // Several daemons may share one engine: this is the name that the swarm knows the node by.
  return { ...base, Name: machine.hostname, Swarm: swarm };
}

/** Also without engine, or with one that is down, this answers: tools ask it to see what is wrong. */
async function engineInfo(context: RouteContext, machine: Machine): Promise<EngineObject> {
  const none = machineInfo(machine, context.clock.now());
  try {
    const value = await context.engine.getJson("/info");
    return isObject(value) ? value : none;
  } catch (error) {
    if (machine.runtimeKind !== "docker") return none;
    return { ...none, Warnings: [`The Docker Engine does not answer: ${asFault(error).message}`] };
  }
}

async function swarmInfo(context: RouteContext): Promise<Json> {
  const status = context.backend.status();
  const part = {
    NodeID: status.nodeId,
    NodeAddr: status.nodeAddress,
    LocalNodeState: status.state,
    ControlAvailable: status.controlAvailable,
    Error: status.state === "locked" ? lockedText : status.error,
    RemoteManagers:
      status.managers.length === 0
        ? null
        : status.managers.map(({ nodeId, address }) => ({ NodeID: nodeId, Addr: address })),
  };
  if (!status.controlAvailable) return part;
  try {
    return { ...part, ...(await clusterInfo(context)) };
  } catch (error) {
    // No leader just now, say: a manager tells so here rather than fail the whole answer.
    return { ...part, Error: asFault(error).message };
  }
}

/** Docker's words, line breaks included. */
const twoManagers =
  "WARNING: Running Swarm in a two-manager configuration. This configuration provides\n" +
  "         no fault tolerance, and poses a high risk to lose control over the cluster.\n" +
  "         Refer to https://docs.docker.com/engine/swarm/admin_guide/ to configure the\n" +
  "         Swarm for fault-tolerance.";

async function clusterInfo(context: RouteContext): Promise<JsonObject> {
  const control = context.control();
  const [{ nodes }, cluster] = await Promise.all([control.listNodes({}), theCluster(control)]);
  const managers = nodes.filter(node => node.managerStatus !== undefined).length;
  const warnings = managers === 2 ? { Warnings: [twoManagers] } : {};
  return { Nodes: nodes.length, Managers: managers, Cluster: fromCluster(cluster), ...warnings };
}
