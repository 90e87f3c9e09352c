import { create } from "@bufbuild/protobuf";
import type { Cluster, Node, Service } from "../model/objects.ts";
import { isLive, isWanted, type Task } from "../model/task.ts";
import { findCluster } from "../store/the-cluster.ts";
import type { ReadTx } from "../store/tx.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { TaskState, VersionSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { suits } from "./global.ts";
import { countsDifferently, taskEventOf } from "./hints.ts";
import { beyondJobHistory, currentIteration, isDisplaced, iterationOf, type JobPart, jobPartOf } from "./job-run.ts";
import type { Context, Decision, Loop } from "./loop.ts";
import { endedByItself, restartNotes, stoppedForSuccessor } from "./restart-policy.ts";
import { retentionOf } from "./retention.ts";
import { modeOf, type ServiceMode } from "./service-mode.ts";
import { removed, stopped } from "./task-change.ts";
import { newTask, type Place } from "./task-factory.ts";
import { withNotes } from "./task-notes.ts";
import type { Write } from "./write.ts";

type JobMode = Extract<ServiceMode, { readonly kind: "replicated-job" | "global-job" }>;

export interface JobObservation {
  readonly service: Service;
  readonly mode: JobMode;
  readonly cluster: Cluster | undefined;
  readonly tasks: readonly Task[];
  readonly nodes: ReadonlyMap<string, Node>;
}

/**
 * Runs jobs: services whose tasks are to end. Each update, also one that only forces it, runs a job once more from the
 * beginning; what is left of the run before is stopped. Keys are service ids.
 */
export const jobLoop: Loop<JobObservation> = {
  name: "jobs",
  watches: ["service", "node", "task"],
  keysOf(event, tx) {
    if (event.kind === "service") return jobMode(event.object) ? [event.object.id] : [];
    if (event.kind === "node") return jobIds(tx);
    const change = taskEventOf(event);
    return change?.task.jobIteration && countsDifferently(change) ? [change.task.serviceId] : [];
  },
  allKeys: jobIds,
  observe(tx, key) {
    const service = tx.service.get(key);
    const mode = service && jobMode(service);
    if (!service || !mode) return undefined;
    const nodes = new Map(Array.from(tx.node.all(), node => [node.id, node]));
    return { service, mode, cluster: findCluster(tx), tasks: [...tx.task.byService(key)], nodes };
  },
  decide: decideJob,
};

function* jobIds(tx: ReadTx): Iterable<string> {
  for (const service of tx.service.all()) if (jobMode(service)) yield service.id;
}

function jobMode(service: Service): JobMode | undefined {
  const mode = modeOf(service);
  return mode.kind === "replicated-job" || mode.kind === "global-job" ? mode : undefined;
}

/** A part of a job with its place: the number of a completion, or a node. */
interface PlacedPart {
  readonly place: Place;
  readonly state: JobPart;
}

export function decideJob(observation: JobObservation, context: Context): Decision {
  const { mode, tasks, cluster, service } = observation;
  const iteration = currentIteration(service);
  const parts =
    mode.kind === "global-job" ? partsByNode(observation, context) : partsByNumber(observation, mode, context);
  const active = parts.filter(part => part.state.kind === "active").length;
  const free = mode.kind === "global-job" ? Number.POSITIVE_INFINITY : mode.concurrent - active;
  const starts = parts.filter(part => part.state.kind === "open").slice(0, Math.max(0, free));
  const groups = groupedBy(tasks, mode.kind === "global-job" ? task => task.nodeId : task => String(task.slot));
  const retention = retentionOf(cluster);
  const writes = [
    ...tasks.flatMap(task => dismissed(task, observation)),
    ...starts.flatMap(part => started(part, observation, context)),
    ...[...groups.values()].flatMap(group => beyondJobHistory(group, iteration, retention).flatMap(removed)),
  ];
  const waits = parts.flatMap(({ state }) => (state.kind === "waiting" ? [state.ms] : []));
  return {
    writes: oneForEach(writes).slice(0, context.maxWrites),
    ...(waits.length > 0 && { lookAgainMs: Math.min(...waits) }),
  };
}

/** Of two writes to one task the first stands; the other is for the next look. */
function oneForEach(writes: readonly Write[]): Write[] {
  const seen = new Set<string>();
  return writes.filter(write => {
    if (write.kind !== "update task") return true;
    const first = !seen.has(write.task.id);
    seen.add(write.task.id);
    return first;
  });
}

/** Live tasks of earlier runs go for good; those whose node they may not be on have to stop there. */
function dismissed(task: Task, { service, mode, nodes }: JobObservation): Write[] {
  if (!isLive(task)) return [];
  if (iterationOf(task) !== currentIteration(service)) return removed(task);
  const mayStay =
    mode.kind === "global-job" ? suits(nodes.get(task.nodeId), service) : !isDisplaced(task, id => nodes.get(id));
  return mayStay ? [] : stopped(task);
}

/**
 * One part for each completion: those begun, and as many others as can be started now. Numbers begin with 0, as Docker's
 * do: the CLI's progress shows them.
 */
function partsByNumber(
  { service, tasks, nodes }: JobObservation,
  { total }: Extract<JobMode, { readonly kind: "replicated-job" }>,
  { now, maxWrites }: Context,
): PlacedPart[] {
  const bySlot = groupedBy(tasks, task => String(task.slot));
  const numbers = Array.from(bySlot.keys(), Number).filter(number => number < total);
  const begun = numbers.length;
  for (let number = 0; number < total && numbers.length < begun + maxWrites; number++)
    if (!bySlot.has(String(number))) numbers.push(number);
  return numbers
    .sort((a, b) => a - b)
    .map(number => {
      const group = bySlot.get(String(number)) ?? [];
      const state = jobPartOf(group, currentIteration(service), id => nodes.get(id), now);
      return { place: { slot: BigInt(number) }, state };
    });
}

/** One part for each node that takes tasks and suits the job. */
function partsByNode({ service, tasks, nodes }: JobObservation, { now }: Context): PlacedPart[] {
  const byNode = groupedBy(tasks, task => task.nodeId);
  const suiting = [...nodes.values()].filter(
    node => node.spec.availability === Availability.ACTIVE && suits(node, service),
  );
  return suiting.map(({ id }) => {
    const group = byNode.get(id) ?? [];
    const state = jobPartOf(group, currentIteration(service), other => nodes.get(other), now);
    return { place: { nodeId: id }, state };
  });
}

/** A new task for the part; the one before it, if it ended, is done with. */
function started({ place, state }: PlacedPart, { service, cluster }: JobObservation, context: Context): Write[] {
  if (state.kind !== "open") return [];
  const { former } = state;
  const made = newTask(service, place, TaskState.COMPLETE, { ...context, cluster });
  const task = { ...made, jobIteration: create(VersionSchema, { index: currentIteration(service) }) };
  const noted = former ? withNotes(task, restartNotes(former, task, context.now)) : task;
  const done = former && endedByItself(former) && isWanted(former) ? stoppedForSuccessor(former) : [];
  return [...done, { kind: "create task", task: noted }];
}

function groupedBy(tasks: readonly Task[], keyOf: (task: Task) => string): Map<string, Task[]> {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const key = keyOf(task);
    const group = groups.get(key);
    if (group) group.push(task);
    else groups.set(key, [task]);
  }
  return groups;
}
