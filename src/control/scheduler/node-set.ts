import type { Node } from "../../model/objects.ts";
import { isWanted, occupiesNode, type Task } from "../../model/task.ts";
import type { ReadTx, StoreEvent } from "../../store/tx.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Failures } from "./failures.ts";
import { Usage } from "./usage.ts";

/** A node with what is on it. */
export interface NodeView {
  readonly node: Node;
  readonly usage: Usage;
}

/** What a change may mean for pending tasks. */
export type Consequence = "new task" | "room" | "none";

/**
 * What the scheduler knows: nodes with their usage and the tasks that wait. It is kept up to date from events, so that a
 * pass need not add up all tasks; `audit` sets right whatever the events left out, and fills it in the beginning.
 */
export class NodeSet {
  readonly failures = new Failures();
  readonly #nodes = new Map<string, Node>();
  readonly #usage = new Map<string, Usage>();
  /** Tasks that are counted somewhere. */
  readonly #tasks = new Map<string, Task>();
  readonly #pending = new Set<string>();

  /** Ids of the tasks that wait for a node, in the order in which they came. */
  get pending(): ReadonlySet<string> {
    return this.#pending;
  }

  *views(): Iterable<NodeView> {
    for (const node of this.#nodes.values()) yield { node, usage: this.#usageOf(node.id) };
  }

  view(id: string): NodeView | undefined {
    const node = this.#nodes.get(id);
    return node && { node, usage: this.#usageOf(id) };
  }

  apply(event: StoreEvent): Consequence {
    if (event.kind === "node") {
      if (event.action === "remove") this.#nodes.delete(event.object.id);
      else this.#nodes.set(event.object.id, event.object);
      return "room";
    }
    if (event.kind !== "task") return "none";
    const before = this.#tasks.get(event.object.id);
    this.#put(event.object, event.action === "remove");
    if (isPending(event.object)) return "new task";
    const freed = before && occupiesNode(before) && !(occupiesNode(event.object) && isWanted(event.object));
    return freed ? "room" : "none";
  }

  audit(tx: ReadTx): void {
    for (const id of this.#nodes.keys()) if (!tx.node.get(id)) this.#nodes.delete(id);
    for (const node of tx.node.all()) this.#nodes.set(node.id, node);
    for (const task of [...this.#tasks.values()]) if (!tx.task.get(task.id)) this.#put(task, true);
    for (const task of tx.task.all()) if (this.#tasks.get(task.id) !== task) this.#put(task, false);
    for (const id of this.#usage.keys())
      if (!this.#nodes.has(id) && this.#usageOf(id).tasks === 0) this.#usage.delete(id);
  }

  #put(task: Task, gone: boolean): void {
    const before = this.#tasks.get(task.id);
    if (before && occupiesNode(before)) this.#usageOf(before.nodeId).remove(before);
    this.#tasks.delete(task.id);
    if (gone || !isPending(task)) this.#pending.delete(task.id);
    else this.#pending.add(task.id);
    if (gone) return;
    this.failures.note(task);
    if (occupiesNode(task)) this.#usageOf(task.nodeId).add(task);
    if (occupiesNode(task) || isPending(task)) this.#tasks.set(task.id, task);
  }

  #usageOf(id: string): Usage {
    const usage = this.#usage.get(id) ?? new Usage();
    this.#usage.set(id, usage);
    return usage;
  }
}

export function isPending(task: Task): boolean {
  return task.status.state === TaskState.PENDING && isWanted(task);
}
