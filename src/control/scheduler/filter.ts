import type { Node } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import type { NodeView } from "./place.ts";

/** Tells whether a node will do for the task it was prepared for. */
export type Check = (view: NodeView) => boolean;

/** One reason for which a node cannot take a task. */
export interface Filter {
  /**
   * Whether the answer depends on the node's own object alone, not on what runs there, and takes time to find: then it is
   * remembered for as long as the node stays as it is.
   */
  readonly ofNode?: true;
  /** Undefined when the task asks for nothing that the filter looks at. */
  prepare(task: Task): Check | undefined;
  /** What to say when so many nodes were turned away. Texts are SwarmKit's. */
  explain(nodes: number): string;
}

export function nodes(count: number): string {
  return count === 1 ? "1 node" : `${count} nodes`;
}

interface Stage {
  readonly check: Check;
  readonly filter: Filter;
}

/** The filters that matter for one kind of task. */
export class Pipeline {
  readonly #stages: readonly Stage[];

  constructor(filters: readonly Filter[], task: Task) {
    this.#stages = filters.flatMap(filter => {
      const check = filter.prepare(task);
      return check ? [{ filter, check: filter.ofNode ? remembering(check) : check }] : [];
    });
  }

  passes(view: NodeView): boolean {
    return this.#stages.every(({ check }) => check(view));
  }

  /**
   * Why so many of the nodes will not do, the commonest reason first, like "insufficient resources on 2 nodes; unsupported
   * platform on 1 node". A node counts for the first filter it fails; "" when there is none that fails any.
   */
  explain(views: Iterable<NodeView>): string {
    const turnedAway = new Map<Filter, number>();
    for (const view of views) {
      const failed = this.#stages.find(({ check }) => !check(view));
      if (failed) turnedAway.set(failed.filter, (turnedAway.get(failed.filter) ?? 0) + 1);
    }
    const inOrder = this.#stages.flatMap(({ filter }) => {
      const count = turnedAway.get(filter);
      return count === undefined ? [] : [{ filter, count }];
    });
    return inOrder
      .sort((a, b) => b.count - a.count)
      .map(({ filter, count }) => filter.explain(count))
      .join("; ");
  }
}

/** Answers that a check remembers; with more it forgets them all. */
const maxRemembered = 200_000;

/** A node that changes is another object, so what was found for one stays true. A WeakMap of so many costs more to collect. */
function remembering(check: Check): Check {
  const known = new Map<Node, boolean>();
  return view => {
    let passes = known.get(view.node);
    if (passes === undefined) {
      passes = check(view);
      if (known.size >= maxRemembered) known.clear();
      known.set(view.node, passes);
    }
    return passes;
  };
}
