import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import type { ObjectKind } from "../model/objects.ts";
import {
  ClusterSchema,
  ConfigSchema,
  ExtensionSchema,
  NetworkSchema,
  NodeSchema,
  ResourceSchema,
  SecretSchema,
  ServiceSchema,
  TaskSchema,
  VolumeSchema,
} from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type InternalRaftRequest, type StoreAction, StoreActionKind } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import type { Change } from "./change.ts";
import { narrow, type WireTypes } from "./narrow.ts";

type Target = StoreAction["target"];

/** A removal carries the id alone: whoever applies it has the object. */
const tombstone: { readonly [K in ObjectKind]: (id: string) => Target } = {
  node: id => ({ case: "node", value: create(NodeSchema, { id }) }),
  service: id => ({ case: "service", value: create(ServiceSchema, { id }) }),
  task: id => ({ case: "task", value: create(TaskSchema, { id }) }),
  network: id => ({ case: "network", value: create(NetworkSchema, { id }) }),
  cluster: id => ({ case: "cluster", value: create(ClusterSchema, { id }) }),
  secret: id => ({ case: "secret", value: create(SecretSchema, { id }) }),
  config: id => ({ case: "config", value: create(ConfigSchema, { id }) }),
  volume: id => ({ case: "volume", value: create(VolumeSchema, { id }) }),
  resource: id => ({ case: "resource", value: create(ResourceSchema, { id }) }),
  extension: id => ({ case: "extension", value: create(ExtensionSchema, { id }) }),
};

const actionKinds = {
  create: StoreActionKind.STORE_ACTION_CREATE,
  update: StoreActionKind.STORE_ACTION_UPDATE,
  remove: StoreActionKind.STORE_ACTION_REMOVE,
} as const;

/** One log entry's message. `id` tells entries apart; the index that the entry is meant for does. */
export function toRequest(id: bigint, changes: readonly Change[]): InternalRaftRequest {
  // Not with `create`, here and below: there is one for every write, and it looks at each field of it.
  return { $typeName: "docker.swarmkit.v1.InternalRaftRequest", id, action: changes.map(toAction) };
}

function toAction(change: Change): StoreAction {
  const target =
    change.action === "remove"
      ? tombstone[change.kind](change.id)
      : // The model's kinds are the names of the oneof's cases; the compiler cannot follow the pairs.
        ({ case: change.kind, value: change.object } as Target);
  return { $typeName: "docker.swarmkit.v1.StoreAction", action: actionKinds[change.action], target };
}

/** The changes in a committed entry. Fault data_loss for actions this version does not know: it must not go on without. */
export function toChanges(request: InternalRaftRequest): Change[] {
  return request.action.map(toChange);
}

function toChange({ action, target }: StoreAction): Change {
  if (target.case === undefined) throw new Fault("data_loss", "Cannot apply a log entry: an action without a target");
  switch (action) {
    case StoreActionKind.STORE_ACTION_CREATE:
      return written("create", target);
    case StoreActionKind.STORE_ACTION_UPDATE:
      return written("update", target);
    case StoreActionKind.STORE_ACTION_REMOVE:
      return { kind: target.case, action: "remove", id: target.value.id };
    case StoreActionKind.UNKNOWN:
      throw new Fault("data_loss", "Cannot apply a log entry: an action of unknown kind");
    default:
      action satisfies never;
      throw new Fault("data_loss", `Cannot apply a log entry: an action of unknown kind ${action}`);
  }
}

function written<K extends ObjectKind>(
  action: "create" | "update",
  target: { readonly case: K; readonly value: WireTypes[K] },
): Change {
  return { kind: target.case, action, object: narrow[target.case](target.value) } as Change;
}
