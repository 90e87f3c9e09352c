import { fromTimestamp } from "../model/time.ts";
import type { Clock } from "../ports/clock.ts";
import type { Meters } from "../ports/meters.ts";
import type { Store } from "../store/store.ts";
import type { StoreEvent } from "../store/tx.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Tasks that have a node and do not run yet, of which is known since when; those beyond are not measured. */
const maxWaiting = 100_000;

/** Measures how long tasks take to get a node and to run, for one reign: what happened before it is not known well enough. */
export class TaskTimes {
  readonly #clock: Clock;
  readonly #meters: Meters;
  /** When each task was given its node, milliseconds of a clock that never goes back. */
  readonly #assigned = new Map<string, number>();
  readonly #unsubscribe: () => void;

  constructor(store: Store, clock: Clock, meters: Meters) {
    this.#clock = clock;
    this.#meters = meters;
    this.#unsubscribe = store.onCommit(
      events => {
        for (const event of events) if (event.kind === "task") this.#see(event);
      },
      ["task"],
    );
  }

  stop(): void {
    this.#unsubscribe();
    this.#assigned.clear();
  }

  #see(event: StoreEvent & { kind: "task" }): void {
    const { id, status, meta } = event.object;
    if (event.action === "remove" || status.state > TaskState.RUNNING) this.#assigned.delete(id);
    if (event.action !== "update") return;
    const before = event.old.status.state;
    if (before < TaskState.ASSIGNED && status.state === TaskState.ASSIGNED) this.#scheduled(id, meta.createdAt);
    if (before < TaskState.RUNNING && status.state === TaskState.RUNNING) this.#started(id);
  }

  #scheduled(id: string, createdAt: Parameters<typeof fromTimestamp>[0]): void {
    const madeMs = fromTimestamp(createdAt);
    if (madeMs !== undefined) this.#meters.taskScheduled(Math.max(0, this.#clock.now() - madeMs));
    if (this.#assigned.size < maxWaiting) this.#assigned.set(id, this.#clock.monotonic());
  }

  #started(id: string): void {
    const assignedMs = this.#assigned.get(id);
    if (assignedMs === undefined) return;
    this.#assigned.delete(id);
    this.#meters.taskStarted(this.#clock.monotonic() - assignedMs);
  }
}
