import type { MemberStatus } from "../consensus/member.ts";
import type { Node } from "../model/objects.ts";
import { NodeRole } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Decision, type Loop, nothing } from "./loop.ts";
import type { Quorum } from "./quorum.ts";

export interface RoleObservation {
  /** Undefined when it is no more. */
  readonly node: Node | undefined;
  readonly members: readonly MemberStatus[];
  readonly nodeId: string;
}

/**
 * Gives nodes the role that is asked for. A node becomes a manager by word alone: it gets a manager's certificate, and asks for
 * membership itself. It ends to be one the other way round: first it leaves the quorum, so that nobody counts on a vote
 * that will not come, then it loses the role. Keys are node ids.
 *
 * One that is promoted again meanwhile has to get its worker's certificate first: with that it forgets its log. Given another
 * manager's instead, it would go on as the manager that it was, one that has been removed, and not ask for membership.
 */
export function newRoleLoop(quorum: Pick<Quorum, "members">): Loop<RoleObservation> {
  return {
    name: "roles",
    // Two removals at once might each be fine and leave too few together.
    parallel: 1,
    watches: ["node"],
    keysOf: event => (event.kind === "node" ? [event.object.id] : []),
    *allKeys(tx) {
      for (const node of tx.node.all()) if (node.role !== node.spec.desiredRole) yield node.id;
      for (const { nodeId } of quorum.members()) if (!tx.node.get(nodeId)) yield nodeId;
    },
    observe: (tx, key) => ({ nodeId: key, node: tx.node.get(key), members: quorum.members() }),
    decide: decideRole,
  };
}

export function decideRole({ nodeId, node, members }: RoleObservation): Decision {
  const { MANAGER, WORKER } = NodeRole;
  if (node?.spec.desiredRole === MANAGER) {
    if (node.role === MANAGER || holdsManagersCertificate(node)) return nothing;
    return { writes: [{ kind: "update node", node: { ...node, role: MANAGER } }] };
  }
  const member = members.find(each => each.nodeId === nodeId);
  if (member) return leaving(member, members);
  if (!node || node.role === WORKER) return nothing;
  return { writes: [{ kind: "update node", node: { ...node, role: WORKER } }] };
}

/** One that is asked for, and not issued, is held by nobody. */
function holdsManagersCertificate({ certificate }: Node): boolean {
  return certificate?.role === NodeRole.MANAGER && certificate.certificate.length > 0;
}

/** A leader does not remove itself: its successor does. A last member stays: there would be nobody to say so. */
function leaving(member: MemberStatus, members: readonly MemberStatus[]): Decision {
  if (!member.isLeader) return { writes: [], step: { kind: "remove member", nodeId: member.nodeId } };
  const hasSuccessor = members.some(each => each.isVoter && each.nodeId !== member.nodeId);
  return hasSuccessor ? { writes: [], step: { kind: "hand over" } } : nothing;
}
