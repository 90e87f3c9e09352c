import type { Task } from "../model/task.ts";
import type { ReadTx } from "../store/tx.ts";
import type { LogSelector } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";

export function isEmpty(selector: LogSelector): boolean {
  return selector.taskIds.length + selector.serviceIds.length + selector.nodeIds.length === 0;
}

export interface LogSources {
  /** The nodes that hold logs asked for, each with a task whose log it holds, where one is known. */
  readonly nodes: ReadonlyMap<string, Task | undefined>;
  /** Tasks asked for that are on no node yet. */
  readonly unscheduled: readonly Task[];
}

/** Where the logs that a selector asks for are now. */
export function sourcesOf(tx: ReadTx, selector: LogSelector): LogSources {
  const nodes = new Map<string, Task | undefined>(selector.nodeIds.map(id => [id, [...tx.task.byNode(id)][0]]));
  const unscheduled: Task[] = [];
  const look = (task: Task): void => {
    if (task.nodeId === "") unscheduled.push(task);
    else nodes.set(task.nodeId, task);
  };
  for (const id of selector.serviceIds) for (const task of tx.task.byService(id)) look(task);
  for (const id of selector.taskIds) {
    const task = tx.task.get(id);
    if (task) look(task);
  }
  return { nodes, unscheduled };
}
