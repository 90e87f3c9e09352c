import { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { NodeId } from "../raft/entry.ts";
import type { RaftDriver } from "./raft-driver.ts";

/** Milliseconds that another manager has to take over from one whose disk is full. */
const handOverMs = 1_000;

export interface FullDiskOptions {
  readonly driver: RaftDriver;
  readonly clock: Clock;
  readonly log: Logger;
  /** Who could lead instead. */
  readonly successor: () => NodeId | undefined;
  /** Rejects whoever waits for a change or a read. */
  readonly failAll: (fault: Fault) => void;
}

/** What a manager does while its disk is full: others can go on without it, it only cannot promise them anything. */
export class FullDisk {
  readonly #options: FullDiskOptions;
  #fault: Fault | undefined;

  constructor(options: FullDiskOptions) {
    this.#options = options;
  }

  /** Why nothing is written; undefined while there is room. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  hasRoom(): void {
    this.#fault = undefined;
  }

  /** Lets another manager lead, or nobody. */
  full(fault: Fault): void {
    const { driver, clock, log, successor, failAll } = this.#options;
    this.#fault = fault;
    failAll(new Fault("unavailable", `${fault.message}; it is not known whether the change was made`));
    log.error("the disk is full: this manager cannot lead or vote until it has room", { reason: fault.message });
    const to = successor();
    if (driver.standing.role !== "leader" || to === undefined) {
      driver.run(raft => raft.stepDown());
      return;
    }
    // Handed over, leadership is missed for a moment only; but the other may not take it.
    driver.run(raft => raft.transferLeadership(to));
    clock.after(handOverMs, () =>
      driver.run(raft => {
        if (this.#fault) raft.stepDown();
      }),
    );
  }
}
