import { Channel } from "../../lib/channel.ts";
import { asFault, Fault } from "../../lib/fault.ts";
import { type Clock, sleep } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { SwarmBackend } from "../backend.ts";
import { describeChange } from "./describe.ts";
import { nanosOf, type SwarmEvent } from "./event.ts";

/** Events kept for clients that ask for those since some time. */
export const keptEvents = 1_024;
/** Events that a client may be behind before its stream is cut. */
export const maxBehind = 1_024;
/** Milliseconds before the changes are asked for again after that failed. */
const retryDelayMs = 1_000;

/** Listens to the swarm's changes while the server runs, keeps the last ones and passes them on. */
export class EventFeed {
  readonly #backend: SwarmBackend;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #kept: SwarmEvent[] = [];
  readonly #listeners = new Set<Channel<SwarmEvent>>();

  constructor(backend: SwarmBackend, clock: Clock, log: Logger) {
    this.#backend = backend;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves when `signal` has aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const changes of this.#backend.changes(signal))
          for (const change of changes) this.#take(describeChange(change, this.#clock.now()));
      } catch (error) {
        // Events in between are lost to listeners: what they show is news, not the state.
        const { code, message } = asFault(error);
        if (code === "aborted") continue;
        this.#log.warn("The swarm's changes were lost for a moment", { error: message });
      }
      await sleep(this.#clock, retryDelayMs, signal);
    }
  }

  /** Kept events from `sinceNanos` on, oldest first. */
  since(sinceNanos: bigint): SwarmEvent[] {
    return this.#kept.filter(event => nanosOf(event) >= sinceNanos);
  }

  /** Events from now on. Throws resource_exhausted when its reader is `maxBehind` events behind. Close it when done. */
  listen(): Channel<SwarmEvent> {
    for (const listener of this.#listeners) if (listener.closed) this.#listeners.delete(listener);
    const channel = new Channel<SwarmEvent>(maxBehind);
    this.#listeners.add(channel);
    return channel;
  }

  #take(event: SwarmEvent | undefined): void {
    if (!event) return;
    this.#kept.push(event);
    if (this.#kept.length > keptEvents) this.#kept.shift();
    for (const listener of this.#listeners) this.#pass(listener, event);
  }

  #pass(listener: Channel<SwarmEvent>, event: SwarmEvent): void {
    if (listener.offer(event)) return;
    this.#listeners.delete(listener);
    listener.close(new Fault("resource_exhausted", "Cannot stream events: the reader is too slow"));
  }
}
