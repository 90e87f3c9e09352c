import type { Configuration } from "./configuration.ts";
import type { Core } from "./core.ts";
import type { Index, NodeId, Term } from "./entry.ts";
import { Leader } from "./leader.ts";
import type { ProgressState } from "./progress.ts";
import type { RoleKind } from "./role.ts";

/** For metrics, `docker node ls` and people. */
export interface Status {
  readonly id: NodeId;
  readonly role: RoleKind;
  readonly term: Term;
  readonly vote: NodeId;
  readonly leader: NodeId;
  /** Who is being made the leader; on the leader alone. */
  readonly transferee: NodeId;
  readonly firstIndex: Index;
  readonly lastIndex: Index;
  readonly durableIndex: Index;
  readonly committed: Index;
  readonly applied: Index;
  readonly configuration: Configuration;
  /** What a leader knows of the others; empty on other nodes. */
  readonly peers: ReadonlyMap<NodeId, PeerStatus>;
}

export interface PeerStatus {
  readonly state: ProgressState;
  readonly match: Index;
  readonly next: Index;
  /** Was heard of since the quorum was last checked. */
  readonly active: boolean;
}

export function statusOf(core: Core): Status {
  const { id, term, vote, leader, log, configuration } = core;
  const { firstIndex, lastIndex, durableIndex, committed, applied } = log;
  const role = core.role.kind;
  const peers = new Map<NodeId, PeerStatus>();
  const transferee = core.role instanceof Leader ? core.role.transferee : 0n;
  if (core.role instanceof Leader) {
    for (const [peer, { state, match, next, active }] of core.role.replication.peers())
      peers.set(peer, { state, match, next, active });
  }
  const marks = { firstIndex, lastIndex, durableIndex, committed, applied };
  return { id, role, term, vote, leader, transferee, ...marks, configuration, peers };
}
