import { create } from "@bufbuild/protobuf";
import { isTerminal, type Task } from "../model/task.ts";
import { toTimestamp } from "../model/time.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../store/store.ts";
import { NodeStatus_State, TaskState, TaskStatusSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** What a task's program does on a node. */
export type Behaviour =
  | { readonly kind: "runs" }
  | { readonly kind: "ends"; readonly afterMs: number; readonly state: TaskState }
  | { readonly kind: "cannot start" };

const stepMs = 50;

/**
 * The agents of all nodes that are up: each looks at its tasks every so often and takes them a step further, as
 * SwarmKit's do: READY tasks wait there, what is to stop stops, what ended stays so.
 */
export class FakeAgents {
  /** What runs in a task; by default it runs for ever. */
  behaviourOf: (task: Task) => Behaviour = () => ({ kind: "runs" });
  /** How long a task takes to stop. */
  stopMs = 0;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #stopping = new Map<string, number>();
  readonly #started = new Map<string, number>();
  #stopped = false;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#tick();
  }

  stop(): void {
    this.#stopped = true;
  }

  #tick(): void {
    if (this.#stopped) return;
    void this.#step();
    this.#clock.after(stepMs, () => this.#tick());
  }

  async #step(): Promise<void> {
    const due = this.#store.view(tx => {
      const up = [...tx.node.all()].filter(node => node.status.state === NodeStatus_State.READY);
      return up.flatMap(node => [...tx.task.byNode(node.id)]).filter(task => this.#next(task) !== undefined);
    });
    if (due.length === 0) return;
    await this.#store.update(tx => {
      for (const { id } of due) {
        const task = tx.task.get(id);
        const state = task && this.#next(task);
        if (!task || state === undefined) continue;
        if (state === TaskState.RUNNING) this.#started.set(id, this.#clock.now());
        const timestamp = toTimestamp(this.#clock.now());
        tx.task.update({ ...task, status: create(TaskStatusSchema, { ...task.status, state, timestamp }) });
      }
    });
  }

  #next(task: Task): TaskState | undefined {
    const { state } = task.status;
    if (state < TaskState.ASSIGNED || isTerminal(state)) return undefined;
    if (task.desiredState >= TaskState.SHUTDOWN) return this.#hasStopped(task) ? TaskState.SHUTDOWN : undefined;
    const behaviour = this.behaviourOf(task);
    if (state === TaskState.RUNNING) {
      const since = this.#clock.now() - (this.#started.get(task.id) ?? 0);
      return behaviour.kind === "ends" && since >= behaviour.afterMs ? behaviour.state : undefined;
    }
    if (behaviour.kind === "cannot start") return TaskState.REJECTED;
    if (state === TaskState.READY && task.desiredState < TaskState.RUNNING) return undefined;
    return state < TaskState.READY ? TaskState.READY : TaskState.RUNNING;
  }

  #hasStopped(task: Task): boolean {
    const since = this.#stopping.get(task.id) ?? this.#clock.now();
    this.#stopping.set(task.id, since);
    return this.#clock.now() - since >= this.stopMs;
  }
}
