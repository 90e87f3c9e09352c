import { Fault } from "../../../lib/fault.ts";
import type { Clock } from "../../../ports/clock.ts";
import { findCluster } from "../../../store/the-cluster.ts";
import type { SwarmBackend } from "../../backend.ts";
import { whyNoManager } from "../../manager.ts";
import { type DashboardPass, dashboardKey, makeToken, readToken } from "./token.ts";

/** Gives out and checks the swarm's dashboard tokens. */
export class DashboardPasses {
  readonly #backend: SwarmBackend;
  readonly #clock: Clock;

  constructor(backend: SwarmBackend, clock: Clock) {
    this.#backend = backend;
    this.#clock = clock;
  }

  /** Fault unavailable when this node does not know the swarm's key. */
  give(pass: DashboardPass): string {
    return makeToken(pass, this.#key());
  }

  /**
   * What a token says; undefined when it is not valid. It is the key that this manager knows, also while none leads:
   * whoever looks at the swarm then has most reason to. Fault unavailable when it knows none.
   */
  check(token: string): DashboardPass | undefined {
    return readToken(token, this.#key(), this.#clock.now());
  }

  #key(): Uint8Array {
    const reason = whyNoManager(this.#backend.status());
    if (reason !== undefined) throw new Fault("unavailable", reason);
    const cluster = this.#backend.view(findCluster);
    const joinToken = cluster?.rootCa?.joinTokens?.manager;
    if (!cluster || !joinToken)
      throw new Fault("unavailable", "Cannot check dashboard tokens: this manager does not know the swarm yet");
    return dashboardKey(cluster.id, joinToken);
  }
}
