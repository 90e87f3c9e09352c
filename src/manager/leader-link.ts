import type { Member } from "../consensus/member.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Connection, Transport } from "../ports/transport.ts";
import { LeaderPulse } from "./leader-pulse.ts";
import type { LeaderWatch } from "./leader-watch.ts";

/**
 * How long the connection to a leader outlives the knowledge that it leads. What was asked of it may still be answered;
 * when it is not, clients are to hear so within 5 s, an election's time included.
 */
export const lostLeaderMs = 2_000;

/** The way to one leader. */
export interface Link {
  readonly leader: Member;
  readonly connection: Connection;
  readonly pulse: LeaderPulse;
}

/** The one connection from this manager to the leader. It ends with the leader's term of office, and all it carries. */
export class LeaderLink {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #stopFollowing: () => void;
  #link: Link | undefined;
  #ending: Timer | undefined;

  constructor(options: { readonly transport: Transport; readonly clock: Clock; readonly watch: LeaderWatch }) {
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#stopFollowing = options.watch.onChange(leadership => {
      this.#ending?.cancel();
      if (leadership.kind === "none") this.#ending = this.#clock.after(lostLeaderMs, () => this.#drop());
      else if (leadership.kind === "leading" || !this.#leadsTo(leadership.leader)) this.#drop();
    });
  }

  /** The connection to this leader; it is made when it is used. */
  to(leader: Member): Link {
    if (this.#link && this.#leadsTo(leader)) return this.#link;
    this.#drop();
    const connection = this.#transport.connect(leader.address);
    this.#link = { leader, connection, pulse: new LeaderPulse(connection, this.#clock) };
    return this.#link;
  }

  /** Calls under way end with unavailable. */
  close(): void {
    this.#stopFollowing();
    this.#ending?.cancel();
    this.#drop();
  }

  #leadsTo({ raftId, address }: Member): boolean {
    return this.#link?.leader.raftId === raftId && this.#link.leader.address === address;
  }

  #drop(): void {
    this.#link?.connection.close();
    this.#link = undefined;
  }
}
