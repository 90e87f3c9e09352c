import type { MemberStatus } from "../../consensus/member.ts";
import type { ConsensusStatus } from "../../consensus/status.ts";
import { type AddressUsage, addressUsage } from "../../control/allocator/address-usage.ts";
import { countTasks } from "../../controlapi/service-statuses.ts";
import type { ObjectKind } from "../../model/objects.ts";
import type { ReadTx } from "../../store/tx.ts";
import { NodeSpec_Availability } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeStatus_State, TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** What is measured of a node. */
export interface MeasuredNode {
  /** Its manager of the moment. */
  readonly manager: MeasuredManager | undefined;
  /** When its certificate runs out, milliseconds since 1970; undefined while it has none. */
  readonly certificateNotAfterMs: number | undefined;
  /** Whether a manager leads it; undefined while it is in no swarm. */
  readonly isLed?: boolean | undefined;
}

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
  readonly nodes: readonly NodeCount[];
  readonly services: readonly ServiceTasks[];
}

/** How many nodes are in a state, by its name and the availability's in lower case. */
export interface NodeCount {
  readonly state: string;
  readonly availability: string;
  readonly count: number;
}

/** How many tasks a service that is no job wants, and how many of them run. */
export interface ServiceTasks {
  readonly name: string;
  readonly desired: number;
  readonly running: number;
}

export function sampleOf(manager: MeasuredManager): ManagerSample {
  const { consensus } = manager;
  const counts = manager.view(tx => ({
    objects: count(tx),
    tasks: states(tx),
    addresses: addressUsage(tx),
    nodes: nodeCounts(tx),
    services: serviceTasks(tx),
  }));
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

/** Every state with every availability, also those of no node: a figure that vanishes ends an alert without a word. */
function nodeCounts(tx: ReadTx): NodeCount[] {
  const nodes = [...tx.node.all()];
  const named = nodes.map(({ status, spec }) => ({
    state: NodeStatus_State[status.state].toLowerCase(),
    availability: NodeSpec_Availability[spec.availability].toLowerCase(),
  }));
  const pairs = namesOf(NodeStatus_State).flatMap(state =>
    namesOf(NodeSpec_Availability).map(availability => ({ state, availability })),
  );
  return pairs.map(pair => ({
    ...pair,
    count: named.filter(node => node.state === pair.state && node.availability === pair.availability).length,
  }));
}

/** The names of a generated enum's values, in lower case. */
function namesOf(values: Readonly<Record<string, string | number>>): string[] {
  return Object.keys(values)
    .filter(name => typeof values[name] === "number")
    .map(name => name.toLowerCase());
}

/** Jobs are left out: one that is done is not short of tasks. */
function serviceTasks(tx: ReadTx): ServiceTasks[] {
  return [...tx.service.all()]
    .filter(({ jobStatus }) => jobStatus === undefined)
    .map(service => {
      const { desiredTasks, runningTasks } = countTasks(service, tx.task.byService(service.id));
      const { name } = service.spec.annotations;
      return { name, desired: Number(desiredTasks), running: Number(runningTasks) };
    });
}

/** Entries of the log that each follower has yet to take, by its raft id; of a leader only. */
export function entriesBehind({ raft }: ConsensusStatus): ReadonlyMap<bigint, number> {
  return new Map(
    [...raft.peers].filter(([id]) => id !== raft.id).map(([id, { match }]) => [id, Number(raft.lastIndex - match)]),
  );
}
