import { toTimestamp } from "../../model/time.ts";
import type { StoreEvent } from "../../store/tx.ts";
import type { Node, Service } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { UpdateStatus_UpdateState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Words } from "../convert/words.ts";
import { reachabilities, roles, states } from "../nodes/node.ts";
import { availabilities } from "../swarm/init-request.ts";
import type { SwarmEvent } from "./event.ts";

const updateStates = new Words<UpdateStatus_UpdateState>({
  unknown: UpdateStatus_UpdateState.UNKNOWN,
  updating: UpdateStatus_UpdateState.UPDATING,
  paused: UpdateStatus_UpdateState.PAUSED,
  completed: UpdateStatus_UpdateState.COMPLETED,
  rollback_started: UpdateStatus_UpdateState.ROLLBACK_STARTED,
  rollback_paused: UpdateStatus_UpdateState.ROLLBACK_PAUSED,
  rollback_completed: UpdateStatus_UpdateState.ROLLBACK_COMPLETED,
});

type Attributes = Record<string, string>;

/** What a committed change is told as; undefined for objects that `/events` does not tell about. */
export function describeChange(change: StoreEvent, nowMs: number): SwarmEvent | undefined {
  switch (change.kind) {
    case "node":
      return event(change, nowMs, change.kind, {
        name: change.object.spec.annotations.name || (change.object.description?.hostname ?? ""),
        ...(change.action === "update" && nodeChanges(change.old, change.object)),
      });
    case "service":
      return event(change, nowMs, change.kind, {
        name: change.object.spec.annotations.name,
        ...(change.action === "update" && serviceChanges(change.old, change.object)),
      });
    case "network":
    case "secret":
    case "config":
      return event(change, nowMs, change.kind, { name: change.object.spec.annotations.name });
    case "task":
    case "cluster":
    case "volume":
    case "resource":
    case "extension":
      return undefined;
    default:
      return change satisfies never;
  }
}

function event(change: StoreEvent, nowMs: number, type: SwarmEvent["type"], attributes: Attributes): SwarmEvent {
  const { meta, id } = change.object;
  const stamp = { create: meta.createdAt, update: meta.updatedAt, remove: undefined }[change.action];
  return { type, action: change.action, id, attributes, time: stamp ?? toTimestamp(nowMs) };
}

function nodeChanges(old: Node, node: Node): Attributes {
  const [was, is] = [old.managerStatus, node.managerStatus];
  return {
    ...changed("availability", old.spec?.availability, node.spec?.availability, value => availabilities.wordOf(value)),
    ...changed("role", old.role, node.role, value => roles.wordOf(value)),
    ...changed("state", old.status?.state, node.status?.state, value => states.wordOf(value)),
    ...(was && is && changed("leader", was.leader, is.leader, String)),
    ...(was && is && changed("reachability", was.reachability, is.reachability, value => reachabilities.wordOf(value))),
  };
}

function serviceChanges(old: Service, service: Service): Attributes {
  const state = (value: UpdateStatus_UpdateState) => updateStates.wordOf(value);
  return {
    ...changed("image", imageOf(old), imageOf(service), String),
    ...changed("replicas", replicasOf(old), replicasOf(service), String),
    ...changed("updatestate", old.updateStatus?.state, service.updateStatus?.state, state),
  };
}

function imageOf({ spec }: Service): string | undefined {
  const runtime = spec?.task?.runtime;
  return runtime?.case === "container" ? runtime.value.image : undefined;
}

function replicasOf({ spec }: Service): bigint | undefined {
  return spec?.mode.case === "replicated" ? spec.mode.value.replicas : undefined;
}

/** `what.old` and `what.new` where they differ; without `what.old` where there was nothing before. */
function changed<T>(what: string, old: T | undefined, now: T | undefined, show: (value: T) => string): Attributes {
  if (now === undefined || old === now) return {};
  return { ...(old !== undefined && { [`${what}.old`]: show(old) }), [`${what}.new`]: show(now) };
}
