import type { Node } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import type { ReadTx, StoreEvent } from "../../store/tx.ts";
import type { NodeSet } from "./node-set.ts";

/**
 * Sets a node set right with all that was committed when the audit began, some objects at a time. What has changed since
 * is left as the events have told it: it is newer.
 */
export class Audit {
  readonly #set: NodeSet;
  readonly #nodes: readonly Node[];
  readonly #tasks: readonly Task[];
  readonly #changed = new Set<string>();
  /** How many were looked at: the nodes first, then the tasks. */
  #looked = 0;

  /** `tx` must show what is committed, and the events up to then have been told to the set. */
  constructor(set: NodeSet, tx: ReadTx) {
    this.#set = set;
    set.forgetGone(tx);
    this.#nodes = [...tx.node.all()];
    this.#tasks = [...tx.task.all()];
  }

  /** Objects that were not looked at. */
  get left(): number {
    return this.#nodes.length + this.#tasks.length - this.#looked;
  }

  get done(): boolean {
    return this.left === 0;
  }

  /** To be told of each event that the set is told of. */
  note({ kind, object }: StoreEvent): void {
    if (!this.done && (kind === "node" || kind === "task")) this.#changed.add(object.id);
  }

  /** Looks at so many objects more. */
  advance(objects: number): void {
    const end = this.#looked + objects;
    for (const node of this.#next(this.#nodes, 0, end)) if (!this.#changed.has(node.id)) this.#set.putNode(node);
    for (const task of this.#next(this.#tasks, this.#nodes.length, end))
      if (!this.#changed.has(task.id)) this.#set.putTask(task);
    if (this.done) this.#changed.clear();
  }

  /** Those of `objects`, whose first one is at `start`, that come before `end` and were not looked at. */
  #next<T>(objects: readonly T[], start: number, end: number): readonly T[] {
    const next = objects.slice(this.#looked - start, Math.max(0, end - start));
    this.#looked += next.length;
    return next;
  }
}
