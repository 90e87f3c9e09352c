import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Node } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import { changedStatus } from "../../model/task-layout.ts";
import { toTimestamp } from "../../model/time.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Context, Decision } from "../loop.ts";
import type { Write } from "../write.ts";
import type { Kind, Kinds } from "./kinds.ts";
import type { NodeSet } from "./node-set.ts";
import type { Place } from "./place.ts";
import type { Search, Spread } from "./spread.ts";

export interface PassObservation {
  readonly nodes: NodeSet;
  readonly kinds: Kinds;
  /** Whether to look again at tasks that have been told already why they wait. */
  readonly again: boolean;
  /** Why the task is not to start yet, whatever room there is; undefined when it may. */
  readonly heldBy: (task: Task) => string | undefined;
  /** The task as the transaction sees it; undefined when it does not wait any more. */
  readonly currentOf: (task: Task) => Task | undefined;
  /** Whether the transaction sees the node as the node set does: one that is ahead of the events is left out. */
  readonly isCurrent: (node: Node) => boolean;
}

/** Finds nodes for pending tasks, as many as one step may write; the others are told what they wait for. */
export function decidePass(observation: PassObservation, context: Context): Decision {
  const { nodes, again } = observation;
  return nodes.supposing(suppose => {
    const pass = new Pass(observation, suppose, context);
    for (const groups of nodes.pending.groups(again))
      for (const [key, group] of groups) {
        if (pass.isFull) break;
        pass.schedule(key, group);
      }
    return { writes: pass.writes };
  });
}

class Pass {
  readonly writes: Write[] = [];
  readonly #observation: PassObservation;
  readonly #suppose: (task: Task, place: Place) => void;
  readonly #now: number;
  /** One for all that the pass writes. */
  readonly #timestamp: Timestamp;
  readonly #maxWrites: number;

  constructor(
    observation: PassObservation,
    suppose: (task: Task, place: Place) => void,
    { now, maxWrites }: Pick<Context, "now" | "maxWrites">,
  ) {
    this.#observation = observation;
    this.#suppose = suppose;
    this.#now = now;
    this.#timestamp = toTimestamp(now);
    this.#maxWrites = maxWrites;
  }

  get isFull(): boolean {
    return this.writes.length >= this.#maxWrites;
  }

  schedule(key: string, group: ReadonlyMap<string, Task>): void {
    let placing: Placing | undefined;
    for (const known of group.values()) {
      if (this.isFull) return;
      const task = this.#observation.currentOf(known);
      if (!task) continue;
      const held = this.#observation.heldBy(task);
      if (held !== undefined) {
        this.#tell(task, held);
        continue;
      }
      placing ??= new Placing(key, task, this.#observation, this.#now, this.#take);
      if (task.nodeId !== "") this.#confirm(task, placing);
      else if (!placing.pick(task)) this.#tell(task, placing.whyNone());
    }
  }

  readonly #take = (task: Task, place: Place): void => this.#assign(task, place, "scheduler assigned task to node");

  /** A global service's task comes with its node. A node that is not there any more is another loop's concern. */
  #confirm(task: Task, placing: Placing): void {
    const place = this.#observation.nodes.place(task.nodeId);
    if (!place || !this.#observation.isCurrent(place.node)) return;
    const reason = placing.whyNotOn(place);
    if (reason === undefined) this.#assign(task, place, "scheduler confirmed task can run on preassigned node");
    else this.#tell(task, reason);
  }

  #assign(task: Task, place: Place, message: string): void {
    const reserved = task.spec.resources?.reservations?.generic ?? [];
    const present = place.node.description?.resources?.generic ?? [];
    const assignedGenericResources = reserved.length === 0 ? [] : (place.usage.generic.claim(reserved, present) ?? []);
    const timestamp = this.#timestamp;
    const status = changedStatus(task.status, { state: TaskState.ASSIGNED, message, err: "", timestamp });
    const assigned = { ...task, nodeId: place.node.id, assignedGenericResources, status };
    this.writes.push({ kind: "update task", task: assigned });
    this.#suppose(assigned, place);
  }

  #tell(task: Task, err: string): void {
    if (task.status.err === err) return;
    const status = { ...task.status, message: "pending task scheduling", err, timestamp: this.#timestamp };
    this.writes.push({ kind: "update task", task: { ...task, status } });
  }
}

/** Where the tasks of one group may go. */
class Placing implements Search {
  readonly #observation: PassObservation;
  readonly #kind: Kind;
  readonly #now: number;
  readonly #assign: (task: Task, place: Place) => void;
  /** The one that is being placed. */
  #task: Task;
  #spread: Spread | undefined;
  #whyNone: string | undefined;

  constructor(
    key: string,
    task: Task,
    observation: PassObservation,
    now: number,
    assign: (task: Task, place: Place) => void,
  ) {
    this.#observation = observation;
    this.#kind = observation.kinds.kindOf(key, task);
    this.#task = task;
    this.#now = now;
    this.#assign = assign;
  }

  /** Assigns the task to the best node; false when none will do. */
  pick(task: Task): boolean {
    // Once there was no room, there is none for its like.
    if (this.#whyNone !== undefined) return false;
    this.#task = task;
    this.#spread ??= this.#kind.spreadOver(this.#observation.nodes, task, this.#now);
    return this.#spread.pick(this) !== undefined;
  }

  fits(place: Place): boolean {
    return this.#kind.pipeline.passes(place) && this.#observation.isCurrent(place.node);
  }

  take(place: Place): void {
    this.#assign(this.#task, place);
  }

  /** What to say when no node will do. */
  whyNone(): string {
    if (this.#whyNone === undefined) {
      const reasons = this.#kind.pipeline.explain(this.#currentPlaces());
      this.#whyNone = reasons === "" ? "no suitable node" : `no suitable node (${reasons})`;
    }
    return this.#whyNone;
  }

  /** Why the node will not do; undefined when it will. */
  whyNotOn(place: Place): string | undefined {
    return this.#kind.pipeline.passes(place) ? undefined : this.#kind.pipeline.explain([place]);
  }

  *#currentPlaces(): Iterable<Place> {
    for (const place of this.#observation.nodes.places()) if (this.#observation.isCurrent(place.node)) yield place;
  }
}
