import type { Consensus } from "../consensus/consensus.ts";
import { type Member, toRaftMember } from "../consensus/member.ts";
import { asFault, Fault } from "../lib/fault.ts";
import type { Logger } from "../ports/log.ts";
import type { CallContext, Caller, Handlers, Transport } from "../ports/transport.ts";
import type { Store } from "../store/store.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../wire/gen/docker/swarmkit/v1/health_pb.ts";
import type { LeaveRequest, RaftMembership } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { NodeRole } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { logHealth, raftHealth } from "./health.ts";
import { memberAddress } from "./member-address.ts";

/** How long a manager that wants to join has to answer at its address. */
const dialBackMs = 5_000;

export interface MembershipServiceParts {
  readonly consensus: Pick<Consensus, "addMember" | "removeMember" | "members" | "removedRaftIds">;
  readonly store: Pick<Store, "view">;
  readonly transport: Transport;
  readonly log: Logger;
}

/** How managers enter the quorum and leave it. For the leader: others pass these calls on to it. */
export function membershipService(parts: MembershipServiceParts): Handlers<typeof RaftMembership> {
  return {
    async join({ addr }, context) {
      const { nodeId } = known(context);
      checkMayJoin(parts, nodeId);
      const address = memberAddress(addr, context.peerAddress);
      const isBlank = await dialBack(parts, address);
      // It was time enough to demote it.
      checkMayJoin(parts, nodeId);
      const member = await parts.consensus.addMember(nodeId, address, { isBlank });
      parts.log.info("a manager is a member of the quorum", { node: nodeId, address });
      return {
        raftId: member.raftId,
        members: withSelf(parts.consensus.members, member).map(toRaftMember),
        removedMembers: [...parts.consensus.removedRaftIds],
      };
    },
    async leave({ node }, context) {
      const caller = known(context);
      const leaving = memberOf(parts.consensus.members, node);
      if (!leaving) return {};
      if (leaving.nodeId !== caller.nodeId)
        throw new Fault("permission_denied", `Permission denied: node ${caller.nodeId} cannot leave for another`);
      await parts.consensus.removeMember(leaving.nodeId);
      parts.log.info("a manager has left the quorum", { node: leaving.nodeId });
      return {};
    },
  };
}

function known({ caller }: CallContext): Caller {
  if (!caller) throw new Fault("unauthenticated", "Permission denied: only managers are members of the quorum");
  return caller;
}

/** A certificate outlives what it says: who is to be no manager any more does not come back by it. */
function checkMayJoin({ store }: MembershipServiceParts, nodeId: string): void {
  const node = store.view(tx => tx.node.get(nodeId));
  if (node?.spec.desiredRole !== NodeRole.MANAGER)
    throw new Fault("permission_denied", `Permission denied: node ${nodeId} is not to be a manager`);
}

/**
 * A member that cannot be reached would cost the quorum a vote as soon as it is in. Gives whether it says that it has no log: who
 * moves to another address has one, who comes for the first time, or has lost it, has none.
 */
async function dialBack({ transport }: MembershipServiceParts, address: string): Promise<boolean> {
  const connection = transport.connect(address);
  const health = connection.client(Health);
  try {
    await health.check({ service: raftHealth }, { timeoutMs: dialBackMs });
    const log = await health.check({ service: logHealth }, { timeoutMs: dialBackMs });
    return log.status === HealthCheckResponse_ServingStatus.NOT_SERVING;
  } catch (error) {
    const { code, message } = asFault(error);
    // An old or a strange manager there is a manager all the same; whether it works shows soon enough.
    if (code !== "unavailable" && code !== "deadline_exceeded") return false;
    const text = `Cannot let this manager join: it does not answer at its address ${address}: ${message}`;
    throw new Fault("failed_precondition", text, { cause: error });
  } finally {
    connection.close();
  }
}

function withSelf(members: readonly Member[], self: Member): Member[] {
  return [...members.filter(({ raftId }) => raftId !== self.raftId), self];
}

function memberOf(members: readonly Member[], asked: LeaveRequest["node"]): Member | undefined {
  return members.find(({ raftId, nodeId }) => raftId === asked?.raftId || nodeId === asked?.nodeId);
}
