import { Fault } from "../../../lib/fault.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { SwarmBackend } from "../../backend.ts";
import { whyNoManager } from "../../manager.ts";
import { type DashboardPass, dashboardKey, makeToken, readToken } from "./token.ts";

/** How long a key is used before it is looked up again, milliseconds: so long an ended token may still be taken. */
const keyAgeMs = 5_000;

/** Gives out and checks the swarm's dashboard tokens. */
export class DashboardPasses {
  readonly #backend: SwarmBackend;
  readonly #clock: Clock;
  #key: { readonly key: Uint8Array; readonly nodeId: string; readonly readMs: number } | undefined;

  constructor(backend: SwarmBackend, clock: Clock) {
    this.#backend = backend;
    this.#clock = clock;
  }

  /** Faults when the swarm cannot be asked for its key. */
  async give(pass: DashboardPass): Promise<string> {
    return makeToken(pass, await this.#freshKey());
  }

  /**
   * What a token says; undefined when it is not valid. Without a leader the key known last goes on: whoever looks at the
   * swarm then has most reason to. Fault unavailable when none is known.
   */
  async check(token: string): Promise<DashboardPass | undefined> {
    return readToken(token, await this.#knownKey(), this.#clock.now());
  }

  async #knownKey(): Promise<Uint8Array> {
    const known = this.#key;
    const isOurs = known?.nodeId === this.#backend.status().nodeId;
    if (known && isOurs && this.#clock.monotonic() - known.readMs < keyAgeMs) return known.key;
    try {
      return await this.#freshKey();
    } catch (error) {
      if (known && isOurs) return known.key;
      throw error;
    }
  }

  async #freshKey(): Promise<Uint8Array> {
    const status = this.#backend.status();
    const reason = whyNoManager(status);
    if (reason !== undefined) throw new Fault("unavailable", reason);
    const { clusters } = await this.#backend.control().listClusters({});
    const [cluster] = clusters;
    const joinToken = cluster?.rootCa?.joinTokens?.manager;
    if (!cluster || !joinToken)
      throw new Fault("unavailable", "Cannot check dashboard tokens: the swarm has no join token");
    const key = dashboardKey(cluster.id, joinToken);
    this.#key = { key, nodeId: status.nodeId, readMs: this.#clock.monotonic() };
    return key;
  }
}
