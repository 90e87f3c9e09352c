import type { Node } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import type { PlacementPreference } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Place } from "./place.ts";
import { Ranks } from "./ranks.ts";

const nodeLabels = "node.labels.";
const engineLabels = "engine.labels.";

type ReadLevel = (node: Node) => string;

/** The nodes that share a value of a placement preference. */
export class Branch {
  readonly parent: Branch | undefined;
  readonly value: string;
  readonly branches = new Map<string, Branch>();
  /** At the bottom, where there are no branches: the nodes. */
  readonly ranks = new Ranks();

  constructor(value: string, parent: Branch | undefined) {
    this.value = value;
    this.parent = parent;
  }

  below(value: string): Branch {
    const branch = this.branches.get(value) ?? new Branch(value, this);
    this.branches.set(value, branch);
    return branch;
  }
}

/** All nodes as a tree, one level for each preference; without any the root is the bottom. */
export class Topology {
  readonly root = new Branch("", undefined);
  readonly #levels: readonly ReadLevel[];
  readonly #leaves = new Map<Place, Branch>();

  constructor(levels: readonly ReadLevel[]) {
    this.#levels = levels;
  }

  /** Levels between the root and the nodes. */
  get depth(): number {
    return this.#levels.length;
  }

  leafOf(place: Place): Branch | undefined {
    return this.#leaves.get(place);
  }

  /** Puts the node where its labels say. */
  put(place: Place): void {
    let leaf = this.root;
    for (const read of this.#levels) leaf = leaf.below(read(place.node));
    const former = this.#leaves.get(place);
    if (former === leaf) return;
    if (former) this.remove(place);
    this.#leaves.set(place, leaf);
    leaf.ranks.add(place);
  }

  remove(place: Place): void {
    const leaf = this.#leaves.get(place);
    if (!leaf) return;
    this.#leaves.delete(place);
    leaf.ranks.remove(place, place.usage.tasks);
    if (leaf.ranks.size > 0) return;
    for (let empty = leaf; empty.parent && empty.branches.size === 0; empty = empty.parent)
      empty.parent.branches.delete(empty.value);
  }

  /** To be called after the number of tasks on the node has changed from `before`. */
  moved(place: Place, before: number): void {
    this.#leaves.get(place)?.ranks.move(place, before);
  }
}

/** The key of the tree for tasks without preferences: all nodes side by side. */
export const noPreferences = "";

/** Tells apart the trees that different tasks ask for. */
export function topologyKeyOf(task: Task): string {
  const preferences = task.spec.placement?.preferences ?? [];
  return preferences.length === 0 ? noPreferences : JSON.stringify(preferences.map(descriptorOf));
}

export function newTopology(task: Task): Topology {
  return new Topology((task.spec.placement?.preferences ?? []).flatMap(levelOf));
}

function descriptorOf({ Preference: preference }: PlacementPreference): string {
  return preference.case === "spread" ? preference.value.spreadDescriptor : "";
}

/** How a preference reads a node; what is no label spreads nothing. A node without the label has the value "". */
function levelOf(preference: PlacementPreference): ReadLevel[] {
  const descriptor = descriptorOf(preference);
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
