import { Fault } from "../lib/fault.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../store/store.ts";
import type { ReadTx } from "../store/tx.ts";
import { KeyQueue } from "./key-queue.ts";
import { type Decision, type Loop, nothing } from "./loop.ts";
import { applyStep, type Quorum, type QuorumStep } from "./quorum.ts";
import { applyWrites } from "./write.ts";

/** Every loop looks at everything this often, whatever events it got. */
export const rescanPeriodMs = 60_000;

/** Keys of one loop whose writes are under way at the same time; they share log writes. */
const defaultParallel = 32;

/**
 * Most writes of one decision. SwarmKit puts 200 changes into a transaction; at 1 to 2 kB a task that stays far below a
 * log entry's limit. Where specs are larger, the limit for the key is halved until its writes fit.
 */
export const maxWritesPerStep = 200;

/** Keys looked at before the event loop gets its turn. */
const keysPerTurn = 500;

export interface ControlPorts {
  readonly store: Pick<Store, "view" | "update" | "onCommit" | "onRestore">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly quorum: Quorum;
}

export interface Running {
  /** Resolves when nothing of it writes any more. */
  stop(): Promise<void>;
}

/** Runs one loop until stopped: start-up, new leader and steady state are the same to it. */
export function runLoop<Observation>(loop: Loop<Observation>, ports: ControlPorts): Running {
  return new LoopRunner(loop, ports);
}

class LoopRunner<Observation> implements Running {
  readonly #loop: Loop<Observation>;
  readonly #ports: ControlPorts;
  readonly #log: Logger;
  readonly #queue: KeyQueue;
  /** Keys whose last writes were too large for one log entry, with what they are limited to since. */
  readonly #limits = new Map<string, number>();
  readonly #committing = new Set<Promise<void>>();
  readonly #unsubscribe: (() => void)[];
  #rescan: Timer | undefined;
  #turn: Timer | undefined;
  #awake = false;
  #stopped = false;

  constructor(loop: Loop<Observation>, ports: ControlPorts) {
    this.#loop = loop;
    this.#ports = ports;
    this.#log = ports.log.with({ loop: loop.name });
    this.#queue = new KeyQueue({ clock: ports.clock, random: ports.random, onReady: () => this.#wake() });
    this.#unsubscribe = [
      ports.store.onCommit(events => {
        ports.store.view(tx => {
          for (const event of events) for (const key of loop.keysOf(event, tx)) this.#hint(key);
        });
      }, loop.watches),
      ports.store.onRestore(() => this.#lookAtAll()),
    ];
    this.#rescanForEver();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#rescan?.cancel();
    this.#turn?.cancel();
    this.#queue.clear();
    await Promise.allSettled(this.#committing);
  }

  #rescanForEver(): void {
    this.#lookAtAll();
    this.#rescan = this.#ports.clock.after(rescanPeriodMs, () => this.#rescanForEver());
  }

  #lookAtAll(): void {
    this.#ports.store.view(tx => {
      for (const key of this.#loop.allKeys(tx)) this.#queue.add(key);
    });
  }

  #hint(key: string): void {
    this.#queue.add(key, this.#loop.hintDelayMs?.(key) ?? 0);
  }

  #wake(): void {
    if (this.#awake || this.#stopped) return;
    this.#awake = true;
    queueMicrotask(() => {
      this.#awake = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#stopped || this.#turn) return;
    const parallel = this.#loop.parallel ?? defaultParallel;
    for (let looked = 0; this.#committing.size < parallel; looked++) {
      if (looked === keysPerTurn) {
        this.#pumpNextTurn();
        return;
      }
      const key = this.#queue.take();
      if (key === undefined) {
        if (this.#queue.takeOverflow()) this.#lookAtAll();
        return;
      }
      this.#look(key);
    }
  }

  #pumpNextTurn(): void {
    this.#turn = this.#ports.clock.after(0, () => {
      this.#turn = undefined;
      this.#pump();
    });
  }

  /** A look at what is committed costs nobody anything; only when there is something to do is a transaction made. */
  #look(key: string): void {
    if (this.#loop.expectsWrites?.(key)) {
      this.#commit(key);
      return;
    }
    const decision = this.#ports.store.view(tx => this.#decide(tx, key));
    if (decision.writes.length > 0) this.#commit(key);
    else if (decision.step) this.#act(key, this.#changeQuorum(key, decision.step));
    else this.#rest(key, decision);
  }

  #commit(key: string): void {
    const written = this.#ports.store.update(tx => {
      const decision = this.#decide(tx, key);
      applyWrites(tx, decision.writes);
      return decision;
    });
    this.#act(
      key,
      written.then(decision => this.#committed(key, decision)),
    );
  }

  async #changeQuorum(key: string, step: QuorumStep): Promise<void> {
    await applyStep(this.#ports.quorum, step);
    this.#log.info("changed the quorum", { key, step: step.kind });
    this.#lookAgain(key);
  }

  #act(key: string, action: Promise<void>): void {
    const acting = action
      .catch(error => this.#failed(key, error))
      .finally(() => {
        this.#committing.delete(acting);
        this.#wake();
      });
    this.#committing.add(acting);
  }

  #decide(tx: ReadTx, key: string): Decision {
    const observation = this.#loop.observe(tx, key);
    if (observation === undefined) return nothing;
    const { clock, random } = this.#ports;
    const maxWrites = this.#limitFor(key);
    return this.#loop.decide(observation, { now: clock.now(), random, maxWrites });
  }

  #committed(key: string, decision: Decision): void {
    if (decision.writes.length === 0) {
      this.#rest(key, decision);
      return;
    }
    this.#log.debug("acted", { key, writes: decision.writes.length });
    this.#lookAgain(key);
  }

  #lookAgain(key: string): void {
    this.#queue.done(key);
    if (!this.#stopped) this.#queue.add(key);
  }

  #rest(key: string, { lookAgainMs }: Decision): void {
    this.#limits.delete(key);
    this.#queue.done(key);
    if (lookAgainMs !== undefined && !this.#stopped) this.#queue.add(key, Math.max(1, lookAgainMs));
  }

  /** Faults pass by themselves; anything else is an error in the program and ends it. */
  #failed(key: string, error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    if (this.#stopped) return;
    if (error.code === "resource_exhausted") this.#halveLimit(key);
    const retryMs = this.#queue.failed(key);
    this.#log.warn("cannot act now", { key, retryMs, error });
  }

  #halveLimit(key: string): void {
    this.#limits.set(key, Math.max(1, Math.floor(this.#limitFor(key) / 2)));
  }

  #limitFor(key: string): number {
    return this.#limits.get(key) ?? this.#loop.maxWrites ?? maxWritesPerStep;
  }
}
