import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault } from "../lib/fault.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Connection } from "../ports/transport.ts";
import { NetworkFeed } from "../wire/gen/shoal/v1/network_pb.ts";

/**
 * How long a task that is to be stopped waits for every node to say that it sends nobody there any more, in milliseconds: a node
 * that died a moment ago, or is cut off from the managers, must not hold up the stop.
 */
const departureLimitMs = 10_000;
const retryBackoff: Backoff = { firstMs: 250, longestMs: 2_000 };

interface Session {
  readonly connection: Connection;
  readonly sessionId: string;
}

/** Waits for the whole swarm where this node's own rules are not enough: new callers may come by any node. */
export class Departures {
  readonly #clock: Clock;
  readonly #random: Random;
  #session: Session | undefined;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The session by which managers are asked from now on. */
  follow(connection: Connection, sessionId: string): void {
    this.#session = { connection, sessionId };
  }

  /**
   * Resolves when no node sends anybody new to the task, when that takes too long, or when `signal` aborts. Without a session
   * nobody can be asked, and nobody waits: the order to stop came a long time ago.
   */
  async left(taskId: string, signal: AbortSignal): Promise<void> {
    const end = this.#clock.monotonic() + departureLimitMs;
    for (let attempt = 1; this.#session && !signal.aborted; attempt += 1) {
      const timeoutMs = end - this.#clock.monotonic();
      if (timeoutMs <= 0) return;
      const { connection, sessionId } = this.#session;
      try {
        await connection.client(NetworkFeed).departure({ sessionId, taskId }, { signal, timeoutMs });
        return;
      } catch (error) {
        if (asFault(error).code === "unimplemented") return; // A stock manager.
      }
      await sleep(this.#clock, backoffMs(retryBackoff, attempt, this.#random.float()), signal);
    }
  }
}
