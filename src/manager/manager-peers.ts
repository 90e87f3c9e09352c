import type { MemberStatus } from "../consensus/member.ts";
import type { ManagerPeer } from "../dispatcher/session-message.ts";
import { same } from "../lib/same.ts";
import type { Clock, Timer } from "../ports/clock.ts";

/** How often the members are looked at: agents are in no hurry to hear of new managers. */
const lookEveryMs = 1_000;

export interface ManagerPeersOptions {
  readonly clock: Clock;
  readonly quorum: { members(): readonly MemberStatus[] };
  /** They are others than before. */
  readonly onChange: () => void;
}

/** The managers that agents are told of. */
export class ManagerPeers {
  readonly #options: ManagerPeersOptions;
  #told: readonly ManagerPeer[];
  #timer: Timer | undefined;

  constructor(options: ManagerPeersOptions) {
    this.#options = options;
    this.#told = this.current;
  }

  get current(): readonly ManagerPeer[] {
    return this.#options.quorum.members().map(({ nodeId, address }) => ({ nodeId, addr: address }));
  }

  start(): void {
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      this.start();
      const seen = this.current;
      if (same(seen, this.#told)) return;
      this.#told = seen;
      this.#options.onChange();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
