import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import type { WriteTx } from "../store/tx.ts";
import {
  ManagerStatusSchema,
  NodeRole,
  RaftMemberStatus_Reachability,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** The only member of a single manager's log. */
const soleRaftId = 1n;

/** Writes into this node's object that it is the leader, and where it is reached. */
export function recordManager(tx: WriteTx, nodeId: string, address: string): void {
  const node = tx.node.get(nodeId);
  if (!node) throw new Fault("data_loss", `Cannot start the manager: node ${nodeId} is not in its own log`);
  const status = node.managerStatus;
  if (status?.leader && status.addr === address && node.role === NodeRole.MANAGER) return;
  tx.node.update({
    ...node,
    role: NodeRole.MANAGER,
    managerStatus: create(ManagerStatusSchema, {
      raftId: soleRaftId,
      addr: address,
      leader: true,
      reachability: RaftMemberStatus_Reachability.REACHABLE,
    }),
  });
}
