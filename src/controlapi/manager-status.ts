import { create } from "@bufbuild/protobuf";
import type { MemberStatus } from "../consensus/member.ts";
import type { Node } from "../model/objects.ts";
import { ManagerStatusSchema, RaftMemberStatus_Reachability } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** A node as clients see it: what it is to the quorum is not stored, but known at the time it is asked for. */
export function withManagerStatus(node: Node, members: readonly MemberStatus[]): Node {
  const { managerStatus: _, ...bare } = node;
  const member = members.find(({ nodeId }) => nodeId === node.id);
  if (!member) return bare;
  const { REACHABLE, UNREACHABLE } = RaftMemberStatus_Reachability;
  const managerStatus = create(ManagerStatusSchema, {
    raftId: member.raftId,
    addr: member.address,
    leader: member.isLeader,
    reachability: member.isReachable ? REACHABLE : UNREACHABLE,
  });
  return { ...bare, managerStatus };
}

/** Whether those who are left when a node leaves the quorum are enough to go on. Only who answers counts. */
export function keepsQuorumWithout(members: readonly MemberStatus[], leavingNodeId: string): boolean {
  const leaving = members.find(({ nodeId }) => nodeId === leavingNodeId);
  if (!leaving?.isVoter) return true;
  const left = members.filter(member => member.isVoter && member !== leaving);
  const answering = left.filter(({ isReachable }) => isReachable).length;
  return answering >= Math.floor(left.length / 2) + 1;
}
