import type { Node } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import type { PlacementPreference } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Heap } from "./heap.ts";
import type { NodeView } from "./node-set.ts";

const nodeLabels = "node.labels.";
const engineLabels = "engine.labels.";

/** A node that may take the next task, with what it is judged by. */
interface Candidate {
  readonly view: NodeView;
  /** Failures of the service there, once they are too many. */
  readonly failures: number;
}

export interface SpreadOptions {
  readonly task: Task;
  readonly views: Iterable<NodeView>;
  /** Recent failures of the task's service on a node, 0 while they do not matter. */
  readonly failuresOn: (nodeId: string) => number;
  /** Whether the node will do at this moment. */
  readonly fits: (view: NodeView) => boolean;
}

/**
 * Picks nodes for tasks of one kind, one after the other: first where the service has not failed again and again, then
 * where it has the fewest tasks, then where there are the fewest tasks at all. Placement preferences come before that:
 * they make a tree of the nodes, and each pick goes down the branches with the fewest tasks of the service.
 */
export class Spread {
  readonly #options: SpreadOptions;
  readonly #root: Branch;

  constructor(options: SpreadOptions) {
    this.#options = options;
    const { task, failuresOn, fits } = options;
    const levels = (task.spec.placement?.preferences ?? []).flatMap(levelOf);
    this.#root = new Branch(task.serviceId, levels.length);
    for (const view of options.views) {
      const path = levels.map(read => read(view.node));
      const candidate = { view, failures: failuresOn(view.node.id) };
      this.#root.add(path, fits(view) ? candidate : undefined, view.usage.ofService(task.serviceId));
    }
  }

  /**
   * The best node, given the next task by `take`, which answers with the node as it is then; undefined when no node is
   * left.
   */
  pick(take: (view: NodeView) => NodeView): NodeView | undefined {
    return this.#root.pick(this.#options.fits, take);
  }
}

/** The nodes that share a value of a preference; at the bottom the nodes themselves. */
class Branch {
  readonly #serviceId: string;
  readonly #depth: number;
  readonly #branches = new Map<string, Branch>();
  readonly #leaves: Heap<Candidate>;
  #tasks = 0;

  constructor(serviceId: string, depth: number) {
    this.#serviceId = serviceId;
    this.#depth = depth;
    this.#leaves = new Heap<Candidate>((a, b) => isBetter(a, b, serviceId));
  }

  /** Nodes that cannot take the task are no candidates, but their tasks count for the balance of the branches. */
  add(path: readonly string[], candidate: Candidate | undefined, tasks: number): void {
    this.#tasks += tasks;
    const [value, ...rest] = path;
    if (value === undefined) {
      if (candidate) this.#leaves.push(candidate);
      return;
    }
    const branch = this.#branches.get(value) ?? new Branch(this.#serviceId, this.#depth - 1);
    this.#branches.set(value, branch);
    branch.add(rest, candidate, tasks);
  }

  pick(fits: (view: NodeView) => boolean, take: (view: NodeView) => NodeView): NodeView | undefined {
    const picked = this.#depth === 0 ? this.#pickNode(fits, take) : this.#pickBelow(fits, take);
    if (picked) this.#tasks++;
    return picked;
  }

  #pickNode(fits: (view: NodeView) => boolean, take: (view: NodeView) => NodeView): NodeView | undefined {
    for (let best = this.#leaves.pop(); best; best = this.#leaves.pop()) {
      if (!fits(best.view)) continue;
      const view = take(best.view);
      this.#leaves.push({ ...best, view });
      return view;
    }
    return undefined;
  }

  #pickBelow(fits: (view: NodeView) => boolean, take: (view: NodeView) => NodeView): NodeView | undefined {
    const byTasks = [...this.#branches].sort(([, a], [, b]) => a.#tasks - b.#tasks);
    for (const [value, branch] of byTasks) {
      const picked = branch.pick(fits, take);
      if (picked) return picked;
      this.#branches.delete(value);
    }
    return undefined;
  }
}

function isBetter(a: Candidate, b: Candidate, serviceId: string): boolean {
  const byFailures = a.failures - b.failures;
  const byService = a.view.usage.ofService(serviceId) - b.view.usage.ofService(serviceId);
  return (byFailures || byService || a.view.usage.tasks - b.view.usage.tasks) < 0;
}

/** How a preference reads a node; what is no label spreads nothing. A node without the label has the value "". */
function levelOf({ Preference: preference }: PlacementPreference): ((node: Node) => string)[] {
  const descriptor = preference.case === "spread" ? preference.value.spreadDescriptor : "";
  const lower = descriptor.toLowerCase();
  if (lower.startsWith(nodeLabels)) {
    const label = descriptor.slice(nodeLabels.length);
    return [node => node.spec.annotations.labels[label] ?? ""];
  }
  if (lower.startsWith(engineLabels)) {
    const label = descriptor.slice(engineLabels.length);
    return [node => node.description?.engine?.labels[label] ?? ""];
  }
  return [];
}
