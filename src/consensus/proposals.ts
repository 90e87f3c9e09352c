import type { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { ConfigChange } from "../raft/config-change.ts";
import type { Index } from "../raft/entry.ts";
import type { Raft } from "../raft/raft.ts";
import type { ProposeResult } from "../raft/role.ts";
import type { Proposal, Proposer } from "../store/proposer.ts";
import { LatencyMeter } from "./latency.ts";
import { noLeader } from "./leadership.ts";
import { refusal, uncertain } from "./proposal-faults.ts";
import type { RaftDriver } from "./raft-driver.ts";
import type { WaitingProposals } from "./waiting-proposals.ts";

export interface ProposalsOptions {
  readonly driver: RaftDriver;
  readonly waiting: WaitingProposals;
  readonly clock: Clock;
  /** Why this manager takes no changes now; undefined when it does. */
  readonly objection: () => Fault | undefined;
}

/** Puts this manager's own changes into the log while it leads: the store's, and those of the membership. */
export class Proposals implements Proposer {
  readonly #options: ProposalsOptions;
  /** From proposing to having applied. */
  readonly latency = new LatencyMeter();
  #count = 0;

  constructor(options: ProposalsOptions) {
    this.#options = options;
  }

  /** Batches of the store's changes so far. */
  get count(): number {
    return this.#count;
  }

  /** Fault unavailable when this manager does not lead, or is handing leadership over. */
  nextIndex(): Index {
    const objection = this.#options.objection();
    if (objection) throw objection;
    return this.#options.driver.raft.status.lastIndex + 1n;
  }

  async propose(batch: readonly Proposal[]): Promise<void> {
    const { clock, waiting } = this.#options;
    const start = clock.monotonic();
    this.#count += 1;
    await this.#proposeAndApply(raft => {
      const result = raft.propose(batch.map(({ bytes }) => bytes));
      if (result.kind === "appended")
        for (const [at, { request }] of batch.entries())
          waiting.keep(result.firstIndex + BigInt(at), result.term, request);
      return result;
    });
    this.latency.observe(clock.monotonic() - start);
  }

  /** Resolves when the change is applied here; rejects as `propose` does, or with why it cannot be made. */
  change(change: ConfigChange): Promise<void> {
    return this.#proposeAndApply(raft => raft.proposeConfigChange(change));
  }

  async #proposeAndApply(propose: (raft: Raft) => ProposeResult): Promise<void> {
    const { driver, waiting } = this.#options;
    if (driver.isEnded) throw noLeader();
    const result = driver.run(raft => {
      const outcome = propose(raft);
      return outcome.kind === "appended" ? { applied: waiting.applied(outcome.lastIndex, outcome.term) } : outcome;
    });
    // It broke on the way, and others may have heard of the change by then.
    if (!result) throw uncertain();
    if ("applied" in result) await result.applied;
    else throw result.kind === "refused" ? refusal(result) : noLeader();
  }
}
