import type { Task } from "../../model/task.ts";
import { type Filter, Pipeline } from "./filter.ts";
import { clusterVolumes } from "./filters/cluster-volumes.ts";
import { constraints } from "./filters/constraints.ts";
import { hostPorts } from "./filters/host-ports.ts";
import { maxReplicas } from "./filters/max-replicas.ts";
import { overlay } from "./filters/overlay.ts";
import { platform } from "./filters/platform.ts";
import { plugins } from "./filters/plugins.ts";
import { ready } from "./filters/ready.ts";
import { resources } from "./filters/resources.ts";
import type { NodeSet } from "./node-set.ts";
import { Spread } from "./spread.ts";

/** In SwarmKit's order: a node counts for the first one it fails. */
const filters: readonly Filter[] = [
  ready,
  resources,
  plugins,
  constraints,
  platform,
  hostPorts,
  maxReplicas,
  clusterVolumes,
  overlay,
];

/** Kinds of task that are remembered: each may remember an answer for every node and filter. */
const maxKinds = 16;

/** Tasks that are alike: what they need of a node, and how far their placement has come. */
export class Kind {
  readonly pipeline: Pipeline;
  #spread: Spread | undefined;
  #generation = -1;

  constructor(task: Task) {
    this.pipeline = new Pipeline(filters, task);
  }

  /** Picks nodes on from where the last pass ended, unless something else has changed since. */
  spreadOver(nodes: NodeSet, task: Task, now: number): Spread {
    if (this.#spread && this.#generation === nodes.generation) return this.#spread;
    const { serviceId } = task;
    const spread = new Spread({
      serviceId,
      topology: nodes.topologyFor(task),
      holders: nodes.holders(serviceId),
      failures: nodes.failures.weigh(task, now),
    });
    this.#spread = spread;
    this.#generation = nodes.generation;
    return spread;
  }

  /** To be called before tasks of another kind are placed: where these may go depends on it. */
  forgetSpread(): void {
    this.#spread = undefined;
  }
}

/** The kinds of task looked at lately. */
export class Kinds {
  readonly #recent = new Map<string, Kind>();
  #latest: Kind | undefined;

  /** The kind whose tasks are placed next. `key` tells kinds apart; the task is one of the kind. */
  kindOf(key: string, task: Task): Kind {
    const kind = this.#recent.get(key) ?? new Kind(task);
    if (this.#latest !== kind) this.#latest?.forgetSpread();
    this.#latest = kind;
    this.#recent.delete(key);
    this.#recent.set(key, kind);
    if (this.#recent.size > maxKinds) {
      const [oldest = key] = this.#recent.keys();
      this.#recent.delete(oldest);
    }
    return kind;
  }
}
