import type { Task } from "../../model/task.ts";
import { type Filter, Pipeline } from "./filter.ts";
import { clusterVolumes } from "./filters/cluster-volumes.ts";
import { constraints } from "./filters/constraints.ts";
import { hostPorts } from "./filters/host-ports.ts";
import { maxReplicas } from "./filters/max-replicas.ts";
import { platform } from "./filters/platform.ts";
import { plugins } from "./filters/plugins.ts";
import { ready } from "./filters/ready.ts";
import { resources } from "./filters/resources.ts";

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
];

/** Kinds of task whose pipelines are kept: each remembers up to one answer for every node and filter. */
const maxPipelines = 16;

/** The pipelines of the kinds of task looked at lately, with what they remember of the nodes. */
export class Pipelines {
  readonly #recent = new Map<string, Pipeline>();

  /** `key` tells kinds of task apart. */
  pipelineFor(key: string, task: Task): Pipeline {
    const pipeline = this.#recent.get(key) ?? new Pipeline(filters, task);
    this.#recent.delete(key);
    this.#recent.set(key, pipeline);
    if (this.#recent.size > maxPipelines)
      for (const [oldest] of [...this.#recent].slice(0, 1)) this.#recent.delete(oldest);
    return pipeline;
  }
}
