import { Type } from "typebox";
import { Fault } from "../../lib/fault.ts";
import type { Client } from "../../ports/transport.ts";
import type { Control } from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Cluster } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type Answer, empty, json } from "../answer.ts";
import type { SwarmStatus } from "../backend.ts";
import type { RouteContext } from "../context.ts";
import { HttpError } from "../errors.ts";
import { requireManager } from "../manager.ts";
import { flag, parseBool, versionQuery } from "../query.ts";
import type { Route } from "../route.ts";
import { optionalString } from "../schema.ts";
import { fromSwarm } from "./cluster.ts";
import { initBody, joinBody, toInitRequest, toJoinRequest } from "./init-request.ts";
import { clusterSpecBody, toClusterSpec } from "./spec.ts";

const alreadyInSwarm =
  'This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.';
const lockedLeave = "Swarm is encrypted and locked. Please unlock it first or use `--force` to ignore this message.";

export const swarmRoutes: readonly Route[] = [
  { method: "GET", path: "/swarm", handler: inspect },
  { method: "POST", path: "/swarm/init", handler: init },
  { method: "POST", path: "/swarm/join", handler: join },
  { method: "POST", path: "/swarm/leave", handler: leave },
  { method: "POST", path: "/swarm/update", handler: update },
  { method: "GET", path: "/swarm/unlockkey", handler: unlockKey },
  { method: "POST", path: "/swarm/unlock", handler: unlock },
];

/** The swarm's one cluster. */
export async function theCluster(control: Client<typeof Control>): Promise<Cluster> {
  const { clusters } = await control.listClusters({ filters: { names: ["default"] } });
  const [cluster] = clusters;
  if (!cluster) throw new Fault("not_found", "swarm not found");
  return cluster;
}

async function inspect(context: RouteContext): Promise<Answer> {
  return json(fromSwarm(await theCluster(context.control())));
}

async function init(context: RouteContext): Promise<Answer> {
  const body = await context.parse(initBody);
  const request = toInitRequest(body);
  if (!request.forceNewCluster) refuseSecondSwarm(context.backend.status());
  return json(await context.backend.init(request));
}

async function join(context: RouteContext): Promise<Answer> {
  const body = await context.parse(joinBody);
  refuseSecondSwarm(context.backend.status());
  await context.backend.join(toJoinRequest(body));
  return empty();
}

function refuseSecondSwarm(status: SwarmStatus): void {
  if (status.state !== "inactive") throw new HttpError(503, alreadyInSwarm);
}

async function leave(context: RouteContext): Promise<Answer> {
  const force = flag(context.query, "force");
  const { state } = context.backend.status();
  if (state === "inactive") throw new HttpError(503, "This node is not part of a swarm");
  if (state === "locked" && !force) throw new HttpError(503, lockedLeave);
  await context.backend.leave(force);
  return empty();
}

async function update(context: RouteContext): Promise<Answer> {
  const body = await context.parse(clusterSpecBody);
  const index = versionQuery(context.query, "swarm");
  const rotation = {
    workerJoinToken: rotates(context.query, "rotateWorkerToken"),
    managerJoinToken: rotates(context.query, "rotateManagerToken"),
    managerUnlockKey: rotates(context.query, "rotateManagerUnlockKey"),
  };
  const spec = toClusterSpec(body);
  const control = context.control();
  const { id: clusterId } = await theCluster(control);
  await control.updateCluster({ clusterId, clusterVersion: { index }, spec, rotation });
  return empty();
}

function rotates(query: URLSearchParams, name: string): boolean {
  const text = query.get(name) ?? "";
  const value = text === "" ? false : parseBool(text);
  if (value === undefined) throw new HttpError(400, `invalid value for ${name}: ${text}`);
  return value;
}

async function unlockKey(context: RouteContext): Promise<Answer> {
  requireManager(context.backend.status());
  return json({ UnlockKey: await context.backend.unlockKey() });
}

const unlockBody = Type.Object({ UnlockKey: optionalString });

async function unlock(context: RouteContext): Promise<Answer> {
  const body = await context.parse(unlockBody);
  const status = context.backend.status();
  if (status.state !== "locked") {
    requireManager(status);
    throw new HttpError(409, "swarm is not locked");
  }
  await context.backend.unlock(body.UnlockKey ?? "");
  return empty();
}
