import { Bell, onAbort } from "../../lib/bell.ts";
import { isOurs } from "../../model/node-plane.ts";
import type { Node } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import type { Store } from "../../store/store.ts";
import type { ReadTx } from "../../store/tx.ts";
import { NodeStatus_State as NodeState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { networksOf } from "./items.ts";
import type { PlaneWatch } from "./plane-watch.ts";
import type { PlaneWatcher } from "./plane-watcher.ts";

/**
 * Resolves as soon as no node sends anybody new to a task that is to be stopped, or when `signal` aborts: every node that might
 * has confirmed what it was told of the task, or is down.
 */
export async function departed(store: Store, planes: PlaneWatch, taskId: string, signal: AbortSignal): Promise<void> {
  const waiting = store.view(tx => senders(tx, tx.task.get(taskId)));
  const numbers = new Map<PlaneWatcher, bigint>();
  const knows = (nodeId: string): boolean => {
    const watcher = planes.watcherOf(nodeId);
    const number = watcher && (numbers.get(watcher) ?? watcher.numberFor(taskId));
    if (!watcher || number === undefined) return false;
    numbers.set(watcher, number);
    return watcher.hasConfirmed(number);
  };
  const isUp = (nodeId: string): boolean => store.view(tx => tx.node.get(nodeId)?.status.state) !== NodeState.DOWN;
  const bell = new Bell();
  const ends = [planes.onConfirmed(() => bell.ring()), onAbort(signal, () => bell.ring())];
  try {
    for (let last = waiting.at(-1); last !== undefined && !signal.aborted; last = waiting.at(-1)) {
      if (knows(last) || !isUp(last)) waiting.pop();
      else await bell.wait();
    }
  } finally {
    for (const end of ends) end();
  }
}

/** The nodes that might send something to the task. */
function senders(tx: ReadTx, task: Task | undefined): string[] {
  const networks = new Set(task?.networks.flatMap(({ network }) => network?.id ?? []));
  return [...tx.node.all()].filter(node => follows(node) && isOn(node, networks)).map(({ id }) => id);
}

/** Stock engines, and nodes that can have no networks, are told nothing. */
function follows(node: Node): boolean {
  const plugins = node.description?.engine?.plugins ?? [];
  return isOurs(node) && plugins.some(({ type, name }) => type === "Network" && name === "overlay");
}

function isOn(node: Node, networks: ReadonlySet<string>): boolean {
  return [...networksOf(node)].some(id => networks.has(id));
}
