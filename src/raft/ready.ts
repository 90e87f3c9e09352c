import type { Entry, HardState, Index, NodeId, Snapshot, Term } from "./entry.ts";
import type { Message } from "./message.ts";
import type { RoleKind } from "./role.ts";

/**
 * What a node wants done, since it was last asked. Several may be under way at once; the fields' rules are all there is to
 * their order:
 *
 * 1. `messages` may be sent at once, and in any order: what rests on a save is held back until that save is reported.
 * 2. `save` is written in the order handed out. Once it is in storage (and durable, where `mustSync`), and the state machine
 *    was restored from its snapshot if it has one: `persisted(number)`.
 * 3. `committed` is applied in the order handed out, and needs no save of this or a later `Ready`: it is durable here already.
 *    Then `applied(index of the last)`. The next page comes only after that.
 * 4. `reads` may be served as soon as their index is applied.
 */
export interface Ready {
  /** Counts up from 1; what `persisted` wants. */
  readonly number: number;
  /** Set when it is another than before. */
  readonly standing: Standing | undefined;
  readonly messages: readonly Message[];
  readonly save: Save | undefined;
  /** A change of membership, if there is one, is the last of them. */
  readonly committed: readonly Entry[];
  readonly reads: readonly ReadState[];
}

/** Who this node thinks leads, and what it is itself. */
export interface Standing {
  readonly role: RoleKind;
  readonly term: Term;
  readonly leader: NodeId;
}

/** To be written in this order: snapshot, entries, hard state. A crash may lose any end of what was not synced. */
export interface Save {
  /** Takes the place of the whole log. */
  readonly snapshot: Snapshot | undefined;
  /** Whatever the log holds from the first one's index on is void. */
  readonly entries: readonly Entry[];
  readonly hardState: HardState | undefined;
  /**
   * Whether all saves up to this one must be durable before `persisted`. Without it only the commit index moved, and it may be
   * written with the next save that must, or never.
   */
  readonly mustSync: boolean;
}

/** A read that may be served once `index` is applied. */
export interface ReadState {
  readonly index: Index;
  readonly context: Uint8Array;
}
