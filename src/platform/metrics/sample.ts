import type { MemberStatus } from "../../consensus/member.ts";
import type { ConsensusStatus } from "../../consensus/status.ts";
import { type AddressUsage, addressUsage } from "../../control/allocator/address-usage.ts";
import type { ObjectKind } from "../../model/objects.ts";
import type { ReadTx } from "../../store/tx.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** What is measured of a manager. */
export interface MeasuredManager {
  readonly consensus: { status(): ConsensusStatus; readonly members: readonly MemberStatus[] };
  view<T>(callback: (tx: ReadTx) => T): T;
}

/** A manager's figures at one moment. */
export interface ManagerSample {
  readonly status: ConsensusStatus;
  readonly members: readonly MemberStatus[];
  readonly objects: Readonly<Record<ObjectKind, number>>;
  /** How many tasks are in each state, by its name in lower case; those of no task as 0. */
  readonly tasks: Readonly<Record<string, number>>;
  readonly addresses: readonly AddressUsage[];
}

export function sampleOf(manager: MeasuredManager): ManagerSample {
  const { consensus } = manager;
  const counts = manager.view(tx => ({ objects: count(tx), tasks: states(tx), addresses: addressUsage(tx) }));
  return { status: consensus.status(), members: consensus.members, ...counts };
}

function count(tx: ReadTx): Record<ObjectKind, number> {
  return {
    node: tx.node.size,
    service: tx.service.size,
    task: tx.task.size,
    network: tx.network.size,
    cluster: tx.cluster.size,
    secret: tx.secret.size,
    config: tx.config.size,
    volume: tx.volume.size,
    resource: tx.resource.size,
    extension: tx.extension.size,
  };
}

function states(tx: ReadTx): Record<string, number> {
  const counts = new Map<TaskState, number>();
  for (const { status } of tx.task.all()) counts.set(status.state, (counts.get(status.state) ?? 0) + 1);
  const known = Object.values(TaskState).filter(state => typeof state === "number");
  return Object.fromEntries(known.map(state => [TaskState[state].toLowerCase(), counts.get(state) ?? 0]));
}

/** Entries of the log that each follower has yet to take, by its raft id; of a leader only. */
export function entriesBehind({ raft }: ConsensusStatus): ReadonlyMap<bigint, number> {
  return new Map(
    [...raft.peers].filter(([id]) => id !== raft.id).map(([id, { match }]) => [id, Number(raft.lastIndex - match)]),
  );
}
