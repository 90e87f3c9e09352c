import type { Task } from "../../model/task.ts";
import type { NodeView } from "./node-set.ts";

/** Tells whether a node will do for the task it was prepared for. */
export type Check = (place: NodeView) => boolean;

/** One reason for which a node cannot take a task. */
export interface Filter {
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
  turnedAway: number;
}

/** The filters that matter for one kind of task, with a count of the nodes that each of them turned away. */
export class Pipeline {
  readonly #stages: Stage[] = [];

  constructor(filters: readonly Filter[], task: Task) {
    for (const filter of filters) {
      const check = filter.prepare(task);
      if (check) this.#stages.push({ check, filter, turnedAway: 0 });
    }
  }

  /** Whether the node passes all filters. The first that it fails counts it. */
  passes(place: NodeView): boolean {
    const failed = this.#stages.find(stage => !stage.check(place));
    if (failed) failed.turnedAway++;
    return failed === undefined;
  }

  /** Like "insufficient resources on 2 nodes; unsupported platform on 1 node"; "" when no node was turned away. */
  explain(): string {
    return this.#stages
      .filter(stage => stage.turnedAway > 0)
      .sort((a, b) => b.turnedAway - a.turnedAway)
      .map(stage => stage.filter.explain(stage.turnedAway))
      .join("; ");
  }
}
