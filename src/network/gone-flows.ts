import { asFault } from "../lib/fault.ts";
import type { Logger } from "../ports/log.ts";
import type { NetOps } from "../ports/net-ops.ts";

/**
 * UDP flows to tasks that get nothing new any more: without an end they go on to where nobody is, for as long as they last. They are
 * cut beside whatever else is done, so that the next change of the rules does not wait for them.
 */
export class GoneFlows {
  readonly #ops: Pick<NetOps, "forgetUdp">;
  readonly #log: Logger;
  #targets: ReadonlySet<string> = new Set();
  /** Addresses whose flows are still to be cut. */
  #gone = new Set<string>();
  #cutting: Promise<void> | undefined;
  #warned = false;

  constructor(ops: Pick<NetOps, "forgetUdp">, log: Logger) {
    this.#ops = ops;
    this.#log = log;
  }

  /** New connections are sent to these addresses from now on, and to no others. */
  replace(targets: ReadonlySet<string>): void {
    for (const address of this.#targets) if (!targets.has(address)) this.#gone.add(address);
    this.#targets = targets;
    if (this.#gone.size > 0) this.#cutting ??= this.#cut();
  }

  /** Resolves when none is left to be cut. */
  async settled(): Promise<void> {
    await this.#cutting;
  }

  async #cut(): Promise<void> {
    while (this.#gone.size > 0) {
      const addresses = [...this.#gone];
      this.#gone = new Set();
      await this.#ops.forgetUdp(addresses).catch(error => this.#warn(asFault(error).message));
    }
    this.#cutting = undefined;
  }

  #warn(reason: string): void {
    if (!this.#warned) this.#log.warn("UDP flows to tasks that are gone are not cut", { reason });
    this.#warned = true;
  }
}
