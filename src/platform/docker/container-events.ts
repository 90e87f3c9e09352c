import type { Readable } from "node:stream";
import { type Backoff, backoffMs } from "../../lib/backoff.ts";
import { Bell } from "../../lib/bell.ts";
import { asFault } from "../../lib/fault.ts";
import { type Clock, sleep } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import type { EngineClient } from "./client.ts";
import { jsonLines } from "./json-lines.ts";
import { nodeIdLabel, taskIdLabel } from "./labels.ts";
import type { EventMessage } from "./types.ts";

const reconnect: Backoff = { firstMs: 100, longestMs: 5_000 };
/** Everybody looks again this often even without an event, in milliseconds: an engine drops events of slow readers. */
const resyncPeriodMs = 60_000;
/** Events of the last seconds are asked for again on connecting, so that none falls between answer and subscription. */
const overlapSeconds = 10;
/** What can change a container's state or health, as the engine's event filter spells it. */
const watchedEvents = ["start", "die", "destroy", "oom", "pause", "unpause", "health_status"];

export interface EventsOptions {
  readonly client: EngineClient;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Tells of changes to one task's container, until let go of. */
export interface Subscription {
  readonly bell: Bell;
  release(): void;
}

/**
 * One stream of the engine's events for all containers of this node. Events only say whom to look at again; whoever
 * waits is rung also after each reconnect, because events may have passed unseen.
 */
export class ContainerEvents {
  readonly #options: EventsOptions;
  readonly #bells = new Map<string, Set<Bell>>();
  readonly #abort = new AbortController();
  #following: Promise<void> | undefined;

  constructor(options: EventsOptions) {
    this.#options = options;
  }

  /** The stream is opened with the first subscription. Look at the container after subscribing, then wait. */
  subscribe(taskId: string): Subscription {
    this.#following ??= this.#follow();
    const bell = new Bell();
    const bells = this.#bells.get(taskId) ?? new Set();
    this.#bells.set(taskId, bells.add(bell));
    const release = (): void => {
      bells.delete(bell);
      if (bells.size === 0) this.#bells.delete(taskId);
    };
    return { bell, release };
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { clock, random, log } = this.#options;
    for (let attempt = 1; !this.#abort.signal.aborted; attempt += 1) {
      try {
        const stream = await this.#open();
        attempt = 0;
        this.#ringAll();
        await this.#read(stream);
        log.debug("the Docker Engine ended its stream of events");
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        log.warn("the Docker Engine's events are out of reach", { reason: asFault(error).message, attempt });
      }
      await sleep(clock, backoffMs(reconnect, attempt, random.float()), this.#abort.signal);
    }
  }

  #open(): Promise<Readable> {
    const { client, clock, nodeId } = this.#options;
    const filters = { type: ["container"], label: [`${nodeIdLabel}=${nodeId}`], event: watchedEvents };
    const since = Math.floor(clock.now() / 1000) - overlapSeconds;
    const query = { filters: JSON.stringify(filters), since: String(since) };
    return client.stream("GET", "/events", { query, signal: this.#abort.signal });
  }

  async #read(stream: Readable): Promise<void> {
    const over = new AbortController();
    void this.#resync(over.signal);
    try {
      for await (const line of jsonLines(stream)) {
        const taskId = (line as EventMessage).Actor.Attributes[taskIdLabel] ?? "";
        for (const bell of this.#bells.get(taskId) ?? []) bell.ring();
      }
    } finally {
      over.abort();
    }
  }

  async #resync(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#options.clock, resyncPeriodMs, signal);
      this.#ringAll();
    }
  }

  #ringAll(): void {
    for (const bells of this.#bells.values()) for (const bell of bells) bell.ring();
  }
}
