import type { Cluster, Node, Service } from "../model/objects.ts";
import { isTerminal, isWanted, occupiesNode, type Task } from "../model/task.ts";
import { findCluster } from "../store/the-cluster.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isLeaving } from "./drain-policy.ts";
import { countsDifferently, taskEventOf } from "./hints.ts";
import type { Context, Decision, Loop } from "./loop.ts";
import { isInService, isReachable } from "./placement.ts";
import {
  hadToLeave,
  mayRestart,
  moveNotes,
  restartDelayMs,
  restartNotes,
  stoppedForSuccessor,
} from "./restart-policy.ts";
import { isJob } from "./service-mode.ts";
import { ShrinkingServices } from "./shrinking.ts";
import { serviceIdOf, slotKeyOf, tasksInSlot } from "./slot.ts";
import { SpecMatch } from "./spec-match.ts";
import { type NodeOf, startReady } from "./succession.ts";
import { stopped } from "./task-change.ts";
import { newTask } from "./task-factory.ts";
import { notesOf, withNotes } from "./task-notes.ts";
import { isUpdating, updateStartOf } from "./update-plan.ts";
import type { Write } from "./write.ts";

export interface RestartObservation {
  readonly service: Service;
  readonly cluster: Cluster | undefined;
  /** Everything in the slot, oldest first. */
  readonly tasks: readonly Task[];
  /** The nodes that these tasks are on. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** Whether the service has been scaled down and its surplus is not gone yet. */
  readonly isShrinking: () => boolean;
}

/** How long a slot waits before it is looked at again while its service shrinks: it may be one of those that go, milliseconds. */
const shrinkingLookMs = 100;

/**
 * Replaces what has ended or lost its node, as each task's policy allows, and starts replacements when their delay is
 * over. Keys are slots.
 */
export function newRestartLoop(): Loop<RestartObservation> {
  const shrinking = new ShrinkingServices();
  return {
    name: "restart",
    watches: ["node", "task"],
    keysOf(event, tx) {
      if (event.kind === "node") return slotKeys(tx.task.byNode(event.object.id));
      const change = taskEventOf(event);
      if (!change) return [];
      const { task } = change;
      // What is on its way to run needs nothing; what is kept ready or stops concerns its slot at every step.
      const waits = task.desiredState === TaskState.READY || !isWanted(task);
      return waits || countsDifferently(change) ? slotKeys([task]) : [];
    },
    *allKeys(tx) {
      for (const task of tx.task.all())
        if (isWanted(task) && needsLook(task, tx.node.get(task.nodeId))) yield* slotKeys([task]);
    },
    observe(tx, key) {
      const service = tx.service.get(serviceIdOf(key));
      if (!service || isJob(service)) return undefined;
      const tasks = tasksInSlot(tx, key);
      const nodes = new Map<string, Node>();
      for (const { nodeId } of tasks) {
        const node = tx.node.get(nodeId);
        if (node) nodes.set(nodeId, node);
      }
      const isShrinking = () => shrinking.has(service, () => tx.task.byService(service.id));
      return { service, cluster: findCluster(tx), tasks, nodes, isShrinking };
    },
    decide: decideRestart,
  };
}

function* slotKeys(tasks: Iterable<Task>): Iterable<string> {
  for (const task of tasks) if (task.serviceId !== "") yield slotKeyOf(task);
}

function needsLook(task: Task, node: Node | undefined): boolean {
  return isTerminal(task.status.state) || task.desiredState === TaskState.READY || isDisplaced(task, node);
}

export function decideRestart(observation: RestartObservation, context: Context): Decision {
  const nodeOf: NodeOf = id => observation.nodes.get(id);
  const { service } = observation;
  const isLost = (task: Task, node: Node | undefined) =>
    isTerminal(task.status.state) || (isDisplaced(task, node) && !isLeaving(task, node, service));
  const lost = observation.tasks.filter(task => isWanted(task) && isLost(task, nodeOf(task.nodeId)));
  if (lost.length === 0) return startReady(observation.tasks, nodeOf, context.now);
  // What cannot even be made ready ends before its delay is over. It is waited for all the same.
  const ended = lost.filter(task => isTerminal(task.status.state));
  const wait = Math.max(0, ...ended.map(task => (notesOf(task).startAfter ?? 0) - context.now));
  if (wait > 0) return { writes: [], lookAgainMs: wait };
  const replacement = replacementFor(lost, observation, nodeOf, context);
  if (replacement.length > 0 && observation.isShrinking()) return { writes: [], lookAgainMs: shrinkingLookMs };
  const dismiss = replacement.length > 0 ? stoppedForSuccessor : stopped;
  return { writes: [...lost.flatMap(dismiss), ...replacement] };
}

/** Whether the task has to go elsewhere: its node is gone, down or drained. */
function isDisplaced(task: Task, node: Node | undefined): boolean {
  return task.nodeId !== "" && !isInService(node);
}

/** At most one task replaces all that the slot lost; none when one with the present spec is there already. */
function replacementFor(
  lost: readonly Task[],
  { service, cluster, tasks }: RestartObservation,
  nodeOf: NodeOf,
  context: Context,
): Write[] {
  const last = lost.at(-1);
  if (!last || !mayRestart(last)) return [];
  const match = new SpecMatch(service);
  const isCurrent = (task: Task) => !match.isOutdated(task, nodeOf(task.nodeId));
  const takesOver = (task: Task) => isCurrent(task) && !isLeaving(task, nodeOf(task.nodeId), service);
  if (tasks.some(task => isWanted(task) && !lost.includes(task) && takesOver(task))) return [];
  const isGlobal = last.slot === 0n;
  // A global service's task has nowhere else to go.
  if (isGlobal && isDisplaced(last, nodeOf(last.nodeId))) return [];
  const place = isGlobal ? { nodeId: last.nodeId } : { slot: last.slot };
  const task = newTask(service, place, TaskState.READY, { ...context, cluster });
  const ended = isTerminal(last.status.state) && !hadToLeave(last);
  const waits = tasks.some(other => (other === last || !isWanted(other)) && runsOn(other, nodeOf));
  const successor = ended ? afterEnd(last, task, context.now) : afterMove(last, task, waits, context.now);
  const renews = isUpdating(service) && !isCurrent(last);
  return [{ kind: "create task", task: renews ? asUpdated(successor, service) : successor }];
}

/** A task that ends during an update is followed by one with the new spec: that is its slot's turn in the update. */
function asUpdated(task: Task, service: Service): Task {
  return withNotes(task, { ...notesOf(task), updateStart: updateStartOf(service) });
}

function afterEnd(ended: Task, task: Task, now: number): Task {
  return withNotes(task, { ...restartNotes(ended, task, now), startAfter: now + restartDelayMs(ended) });
}

/** Whether the task may still run on its node. */
function runsOn(task: Task, nodeOf: NodeOf): boolean {
  return occupiesNode(task) && isReachable(nodeOf(task.nodeId));
}

/**
 * No delay of its own: it is there against tasks that end again and again, and a task that is moved did no wrong. One
 * that was still delayed stays so. `waits`: others in its slot have to stop first.
 */
function afterMove(moved: Task, task: Task, waits: boolean, now: number): Task {
  const { startAfter = 0 } = notesOf(moved);
  const delayed = moved.desiredState === TaskState.READY && startAfter > now;
  const notes = { ...moveNotes(moved, task), ...(delayed && { startAfter }) };
  return withNotes(waits || delayed ? task : { ...task, desiredState: TaskState.RUNNING }, notes);
}
