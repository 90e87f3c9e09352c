import { Bell } from "../../../lib/bell.ts";
import { asFault, type Fault } from "../../../lib/fault.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { StoreEvent } from "../../../store/tx.ts";
import { integer } from "../../answer.ts";
import type { JsonObject } from "../../convert/omit.ts";
import { type LiveKind, liveViews } from "./view.ts";

/** An object as it is now, or that it is gone, in the form of the stream. */
export interface LiveChange {
  readonly Kind: LiveKind | "quorum";
  readonly ID: string;
  /** Of the log entry that made it so: of two of one object the higher one holds. */
  readonly Version: number;
  /** Undefined when it is gone. */
  readonly Object?: JsonObject;
}

/** A committed change as the stream tells it; undefined for objects that it does not tell of. */
function liveChange(event: StoreEvent): LiveChange | undefined {
  const change = (object: () => JsonObject): LiveChange | undefined => ({
    ...{ Kind: event.kind as LiveKind, ID: event.object.id, Version: integer(event.version) },
    ...(event.action === "remove" ? {} : { Object: object() }),
  });
  switch (event.kind) {
    case "cluster":
      return change(() => liveViews.cluster(event.object));
    case "node":
      return change(() => liveViews.node(event.object));
    case "service":
      return change(() => liveViews.service(event.object));
    case "task":
      return change(() => liveViews.task(event.object));
    case "network":
      return change(() => liveViews.network(event.object));
    case "secret":
      return change(() => liveViews.secret(event.object));
    case "config":
      return change(() => liveViews.config(event.object));
    case "volume":
    case "resource":
    case "extension":
      return undefined;
    default:
      return event satisfies never;
  }
}

/**
 * Committed changes that wait for a reader who looks now and then: of each object the last one alone, so that what waits
 * is never more than there are objects, however slow the reader.
 */
export class GatheredChanges {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, StoreEvent>();
  readonly #bell = new Bell();
  #fault: Fault | undefined;
  #over = false;

  constructor(source: AsyncIterable<readonly StoreEvent[]>, clock: Clock) {
    this.#clock = clock;
    void this.#gather(source);
  }

  /** Resolves when something waits, nothing will come any more, or `ms` are over. */
  async something(ms: number): Promise<void> {
    if (this.#waiting.size > 0 || this.#over) return;
    const timer = this.#clock.after(ms, () => this.#bell.ring());
    await this.#bell.wait();
    timer.cancel();
  }

  /** What waits; undefined when nothing will come any more. Throws what the source ended with. */
  take(): LiveChange[] | undefined {
    if (this.#fault) throw this.#fault;
    if (this.#over && this.#waiting.size === 0) return undefined;
    const changes = [...this.#waiting.values()].flatMap(event => liveChange(event) ?? []);
    this.#waiting.clear();
    return changes;
  }

  async #gather(source: AsyncIterable<readonly StoreEvent[]>): Promise<void> {
    try {
      for await (const events of source) {
        for (const event of events) this.#waiting.set(`${event.kind} ${event.object.id}`, event);
        this.#bell.ring();
      }
    } catch (error) {
      this.#fault = asFault(error);
    }
    this.#over = true;
    this.#bell.ring();
  }
}
