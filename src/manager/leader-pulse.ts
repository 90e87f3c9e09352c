import { asFault, Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import { type Connection, NoConnection } from "../ports/transport.ts";
import { Health } from "../wire/gen/docker/swarmkit/v1/health_pb.ts";

/** How old an answer may be to show that the leader is there, in milliseconds. */
export const freshMs = 5;

/**
 * Whether the other end of a connection is alive, found out before something is sent that must not be sent twice. A process
 * that was killed is not known to be gone until its end of the connection is read: what is sent meanwhile is lost, and
 * nobody could say whether it was done. One question for all who ask at a time, and none while answers come.
 */
export class LeaderPulse {
  readonly #connection: Connection;
  readonly #clock: Clock;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** The other end has answered something. */
  answered(): void {
    this.#answeredAt = this.#clock.monotonic();
  }

  /** Resolves when the other end is alive; waits as long as the connection lasts. Else a Fault for a call that was not sent. */
  async check(): Promise<void> {
    if (this.#clock.monotonic() - this.#answeredAt <= freshMs) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  async #ask(): Promise<void> {
    try {
      await this.#connection.client(Health).check({});
    } catch (error) {
      const { code, message } = asFault(error);
      // Whatever else it says, it says something.
      if (code === "unavailable") throw new Fault("unavailable", message, { cause: new NoConnection(message) });
    }
    this.answered();
  }
}
