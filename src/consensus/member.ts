import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type RaftMember, RaftMemberSchema } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";

/** A manager as a member of the quorum. */
export interface Member {
  /** Never 0, and never used a second time. */
  readonly raftId: bigint;
  readonly nodeId: string;
  /** Where other managers reach it, HOST:PORT. */
  readonly address: string;
}

/** A member as seen from this manager now. */
export interface MemberStatus extends Member {
  readonly isLeader: boolean;
  /** On the leader: whether it was heard of lately. Elsewhere: whether messages get through to it. */
  readonly isReachable: boolean;
  /** Whether its vote counts; a member that is still catching up is a learner. */
  readonly isVoter: boolean;
}

/** As it stands in the log, in snapshots and in answers to those who join. */
export function toRaftMember({ raftId, nodeId, address }: Member): RaftMember {
  return create(RaftMemberSchema, { raftId, nodeId, addr: address });
}

export function fromRaftMember({ raftId, nodeId, addr }: RaftMember): Member {
  return { raftId, nodeId, address: addr };
}

/** The context of a change of membership: who it is about. */
export function encodeMember(member: Member): Uint8Array {
  return toBinary(RaftMemberSchema, toRaftMember(member));
}

export function decodeMember(bytes: Uint8Array): Member {
  return fromRaftMember(fromBinary(RaftMemberSchema, bytes));
}
