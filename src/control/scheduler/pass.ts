import type { Task } from "../../model/task.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Context, Decision } from "../loop.ts";
import { withStatus } from "../task-change.ts";
import type { Write } from "../write.ts";
import type { Failures } from "./failures.ts";
import { type Filter, Pipeline } from "./filter.ts";
import { clusterVolumes } from "./filters/cluster-volumes.ts";
import { constraints } from "./filters/constraints.ts";
import { hostPorts } from "./filters/host-ports.ts";
import { maxReplicas } from "./filters/max-replicas.ts";
import { platform } from "./filters/platform.ts";
import { plugins } from "./filters/plugins.ts";
import { ready } from "./filters/ready.ts";
import { resources } from "./filters/resources.ts";
import type { NodeView } from "./node-set.ts";
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
];

export interface PassObservation {
  readonly tasks: readonly Task[];
  readonly views: readonly NodeView[];
  readonly failures: Pick<Failures, "weigh">;
}

/** Finds nodes for pending tasks, as many as one step may write; the others are told what they wait for. */
export function decidePass({ tasks, views, failures }: PassObservation, context: Context): Decision {
  const pass = new Pass(views, failures, context);
  for (const group of groupsOf(tasks)) {
    if (pass.writes.length >= context.maxWrites) break;
    pass.schedule(group);
  }
  return { writes: pass.writes };
}

/** Tasks that are alike, so that a node will do for all of them or for none. Those with a given node stand alone. */
function groupsOf(tasks: readonly Task[]): Iterable<Task[]> {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const alone = task.nodeId !== "" || task.serviceId === "";
    const key = alone ? task.id : `${task.serviceId}/${task.specVersion?.index ?? ""}`;
    const group = groups.get(key);
    if (group) group.push(task);
    else groups.set(key, [task]);
  }
  return groups.values();
}

class Pass {
  readonly writes: Write[] = [];
  /** Nodes as they will be with what was assigned in this pass. */
  readonly #views: Map<string, NodeView>;
  readonly #failures: Pick<Failures, "weigh">;
  readonly #now: number;
  readonly #maxWrites: number;

  constructor(views: readonly NodeView[], failures: Pick<Failures, "weigh">, { now, maxWrites }: Context) {
    this.#views = new Map(views.map(view => [view.node.id, view]));
    this.#failures = failures;
    this.#now = now;
    this.#maxWrites = maxWrites;
  }

  schedule(group: readonly Task[]): void {
    const [first] = group;
    if (!first) return;
    const pipeline = new Pipeline(filters, first);
    if (first.nodeId === "") this.#spread(group, first, pipeline);
    else this.#confirm(first, pipeline);
  }

  #spread(group: readonly Task[], first: Task, pipeline: Pipeline): void {
    const spread = new Spread({
      task: first,
      views: this.#views.values(),
      failuresOn: nodeId => this.#failures.weigh(nodeId, first, this.#now),
      fits: view => pipeline.passes(view),
    });
    for (const task of group) {
      if (this.writes.length >= this.#maxWrites) return;
      const message = "scheduler assigned task to node";
      if (!spread.pick(view => this.#assign(task, view, message))) this.#explain(task, noSuitableNode(pipeline));
    }
  }

  /** A global service's task comes with its node. A node that is not there any more is another loop's concern. */
  #confirm(task: Task, pipeline: Pipeline): void {
    const view = this.#views.get(task.nodeId);
    if (!view) return;
    if (pipeline.passes(view)) this.#assign(task, view, "scheduler confirmed task can run on preassigned node");
    else this.#explain(task, pipeline.explain());
  }

  #assign(task: Task, { node, usage }: NodeView, message: string): NodeView {
    const reserved = task.spec.resources?.reservations?.generic ?? [];
    const assignedGenericResources = usage.generic.claim(reserved, node.description?.resources?.generic ?? []) ?? [];
    const placed = { ...task, nodeId: node.id, assignedGenericResources };
    const assigned = withStatus(placed, { state: TaskState.ASSIGNED, message, err: "" }, this.#now);
    this.writes.push({ kind: "update task", task: assigned });
    const after = usage.clone();
    after.add(assigned);
    const view = { node, usage: after };
    this.#views.set(node.id, view);
    return view;
  }

  #explain(task: Task, err: string): void {
    if (task.status.err === err) return;
    const waiting = withStatus(task, { message: "pending task scheduling", err }, this.#now);
    this.writes.push({ kind: "update task", task: waiting });
  }
}

function noSuitableNode(pipeline: Pipeline): string {
  const reasons = pipeline.explain();
  return reasons === "" ? "no suitable node" : `no suitable node (${reasons})`;
}
