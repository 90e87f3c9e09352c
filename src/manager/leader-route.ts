import type { DescMethod } from "@bufbuild/protobuf";
import { type Leadership, nobodyLeads, noLeader, noLeaderText } from "../consensus/leadership.ts";
import { asFault, Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import { type CallContext, type CallOptions, wasNotSent } from "../ports/transport.ts";
import type { LeaderLink, Link } from "./leader-link.ts";
import type { LeaderWatch } from "./leader-watch.ts";

/** How long a call waits for somebody to lead: an election takes a second or two, and clients are to hear within 5 s. */
export const leaderPatienceMs = 4_000;
/** Before a leader that could not be reached is tried again, unless another one is known sooner. */
export const retryPauseMs = 50;

/** What a method is to the route. */
export interface Routed {
  readonly method: DescMethod;
  /**
   * A read changes nothing: it may be done again when its outcome is not known. A write must not be, so the leader is made
   * sure of before it is sent. A report is made again by whoever made it.
   */
  readonly kind: "read" | "write" | "report";
}

export interface LeaderRouteOptions {
  readonly watch: LeaderWatch;
  readonly link: LeaderLink;
  readonly clock: Clock;
}

/** How a call is done where it is to be done. */
export interface Ways<T> {
  /** This manager leads. */
  readonly here: () => T;
  /** Another one does. */
  readonly there: (leader: Link, options: CallOptions) => T;
}

/**
 * Brings calls to the leader: done here when this manager leads, else passed on, once. A call that reached nobody waits for
 * the next leader, so that a failover is not seen; one whose outcome is not known is done again only when it is a read.
 */
export class LeaderRoute {
  readonly #options: LeaderRouteOptions;

  constructor(options: LeaderRouteOptions) {
    this.#options = options;
  }

  async unary<T>(routed: Routed, context: CallContext, ways: Ways<Promise<T>>): Promise<T> {
    const attempts = this.#attempts(routed, context);
    for (;;) {
      try {
        if (this.#isLeaderless) await this.#leader(context, attempts.remainingMs());
        const run = this.#place(context, routed.kind === "write" ? surely(context, ways) : ways);
        attempts.begin();
        return await run();
      } catch (error) {
        await attempts.failed(error);
      }
    }
  }

  async *stream<T>(routed: Routed, context: CallContext, ways: Ways<AsyncIterable<T>>): AsyncGenerator<T, void> {
    const attempts = this.#attempts(routed, context);
    for (;;) {
      let begun = false;
      try {
        if (this.#isLeaderless) await this.#leader(context, attempts.remainingMs());
        const run = this.#place(context, ways);
        attempts.begin();
        for await (const message of run()) {
          begun = true;
          yield message;
        }
        return;
      } catch (error) {
        if (begun) throw error;
        await attempts.failed(error);
      }
    }
  }

  /** For calls whose requests can be sent only once. */
  async once<T>(context: CallContext, ways: Ways<Promise<T>>): Promise<T> {
    if (this.#isLeaderless) await this.#leader(context, leaderPatienceMs);
    return this.#place(context, ways)();
  }

  /** To be asked before `#leader`: nearly always somebody leads, and each wait for nothing costs a call its turn. */
  get #isLeaderless(): boolean {
    return this.#options.watch.current.kind === "none";
  }

  /** Waits until somebody leads, for `limitMs` at most. */
  #leader({ signal }: CallContext, limitMs: number): Promise<void> {
    return this.#options.watch.until(({ kind }) => kind !== "none", limitMs, signal);
  }

  /** Where the call is done now. Fault unavailable when nobody leads, or it came to the wrong manager. */
  #place<T>(context: CallContext, { here, there }: Ways<T>): () => T {
    const { watch, link } = this.#options;
    if (context.signal.aborted) throw cancelled();
    const leadership = watch.current;
    if (leadership.kind === "leading") return here;
    // Passed on once more it could go round in circles: the manager it came from looks for the leader again.
    if (leadership.kind === "none" || context.forwardedBy !== undefined) throw noLeader();
    const { caller, peerAddress, signal } = context;
    return () => there(link.to(leadership.leader), { signal, forwarding: { caller, peerAddress } });
  }

  #attempts(routed: Routed, context: CallContext): Attempts {
    return new Attempts(routed, context, this.#options);
  }
}

/** The same ways, but nothing is sent to a leader that may be dead. */
function surely<T>({ signal }: CallContext, { here, there }: Ways<Promise<T>>): Ways<Promise<T>> {
  return {
    here,
    there: async (leader, options) => {
      await leader.pulse.check();
      if (signal.aborted) throw cancelled();
      const answer = await there(leader, options);
      leader.pulse.answered();
      return answer;
    },
  };
}

function cancelled(): Fault {
  return new Fault("cancelled", "the call was cancelled");
}

/** One call's tries. */
class Attempts {
  readonly #routed: Routed;
  readonly #context: CallContext;
  readonly #watch: LeaderWatch;
  readonly #clock: Clock;
  readonly #deadline: number;
  /** Who led when the last try began. */
  #under: Leadership = nobodyLeads;

  constructor(routed: Routed, context: CallContext, { watch, clock }: LeaderRouteOptions) {
    this.#routed = routed;
    this.#context = context;
    this.#watch = watch;
    this.#clock = clock;
    this.#deadline = clock.monotonic() + leaderPatienceMs;
  }

  remainingMs(): number {
    return Math.max(0, this.#deadline - this.#clock.monotonic());
  }

  begin(): void {
    this.#under = this.#watch.current;
  }

  /** Resolves when it is time for the next try, or throws what the caller is to be told. */
  async failed(error: unknown): Promise<void> {
    const { signal, forwardedBy } = this.#context;
    const fault = asFault(error);
    if (!(error instanceof Fault) || fault.code !== "unavailable" || signal.aborted) throw error;
    const isUndone = wasNotSent(fault) || fault.message === noLeaderText;
    if (!isUndone && this.#routed.kind !== "read") throw this.#uncertain(fault);
    // Whoever passed the call on tries again itself: it may know better by then who leads.
    if (forwardedBy !== undefined) throw fault;
    if (this.remainingMs() <= retryPauseMs) throw noLeader();
    await this.#watch.until(leadership => leadership !== this.#under, retryPauseMs, signal);
  }

  /** A leader that fails in the middle of a change may have made it all the same. */
  #uncertain(fault: Fault): Fault {
    if (this.#routed.kind === "report" || /not known whether/.test(fault.message)) return fault;
    const text = `It is not known whether the change was made: the leader failed meanwhile (${fault.message})`;
    return new Fault("unavailable", text, { cause: fault });
  }
}
