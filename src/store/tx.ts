import type { ObjectKind, ObjectTypes } from "../model/objects.ts";
import type { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Reads one kind of object. Lists come in no promised order. What is returned is shared: never change it. */
export interface TableReader<T> {
  readonly size: number;
  get(id: string): T | undefined;
  all(): Iterable<T>;
  byIdPrefix(prefix: string): T[];
  /** Full name; of nodes the hostname. Names of nodes and tasks are not unique. */
  byName(name: string): T[];
  byNamePrefix(prefix: string): T[];
}

/** Objects whose specs refer to networks, secrets and configs: services and tasks. By the id referred to. */
export interface ReferenceIndexes<T> {
  byNetwork(id: string): Iterable<T>;
  bySecret(id: string): Iterable<T>;
  byConfig(id: string): Iterable<T>;
}

export interface TaskIndexes<T> extends ReferenceIndexes<T> {
  byService(serviceId: string): Iterable<T>;
  /** "" finds the tasks that are not assigned. */
  byNode(nodeId: string): Iterable<T>;
  bySlot(serviceId: string, slot: bigint): Iterable<T>;
  byDesiredState(state: TaskState): Iterable<T>;
}

type Extra<K extends ObjectKind> = K extends "task"
  ? TaskIndexes<ObjectTypes[K]>
  : K extends "service"
    ? ReferenceIndexes<ObjectTypes[K]>
    : unknown;

/** A consistent look at the whole store. Valid only inside the callback it was given to. */
export type ReadTx = { readonly [K in ObjectKind]: TableReader<ObjectTypes[K]> & Extra<K> };

export interface TableWriter<T> {
  /** Stores a new object; stamps version and times. Fault already_exists for a taken id or name. */
  create(object: T): T;
  /**
   * Replaces an object. Its version must be the stored one, else Fault unknown "update out of sequence". Returns what
   * is stored, with the new version and time.
   */
  update(object: T): T;
  /** Fault not_found when there is none. */
  remove(id: string): void;
}

/** Reads see the transaction's own writes. */
export type WriteTx = {
  readonly [K in ObjectKind]: TableReader<ObjectTypes[K]> & Extra<K> & TableWriter<ObjectTypes[K]>;
};

/** One committed change. `version` is the index of the log entry that carried it. */
export type StoreEvent = {
  [K in ObjectKind]:
    | { readonly kind: K; readonly action: "create"; readonly version: bigint; readonly object: ObjectTypes[K] }
    | {
        readonly kind: K;
        readonly action: "update";
        readonly version: bigint;
        readonly object: ObjectTypes[K];
        readonly old: ObjectTypes[K];
      }
    | { readonly kind: K; readonly action: "remove"; readonly version: bigint; readonly object: ObjectTypes[K] };
}[ObjectKind];
