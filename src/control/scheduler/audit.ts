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
  readonly #nodes: Iterator<Node>;
  readonly #tasks: Iterator<Task>;
  readonly #changed = new Set<string>();
  #done = false;

  /** `tx` must show what is committed, and the events up to then have been told to the set. */
  constructor(set: NodeSet, tx: ReadTx) {
    this.#set = set;
    set.forgetGone(tx);
    this.#nodes = tx.node.all()[Symbol.iterator]();
    this.#tasks = tx.task.all()[Symbol.iterator]();
  }

  get done(): boolean {
    return this.#done;
  }

  /** To be told of each event that the set is told of. */
  note({ kind, object }: StoreEvent): void {
    if (!this.#done && (kind === "node" || kind === "task")) this.#changed.add(object.id);
  }

  /** Looks at so many objects more. */
  advance(objects: number): void {
    for (let looked = 0; looked < objects && !this.#done; looked++) this.#lookAtNext();
  }

  #lookAtNext(): void {
    const node = this.#nodes.next();
    if (!node.done) {
      if (!this.#changed.has(node.value.id)) this.#set.putNode(node.value);
      return;
    }
    const task = this.#tasks.next();
    if (!task.done) {
      if (!this.#changed.has(task.value.id)) this.#set.putTask(task.value);
      return;
    }
    this.#done = true;
    this.#changed.clear();
  }
}
