import { create } from "@bufbuild/protobuf";
import { same } from "../lib/same.ts";
import { isTunnelSecret } from "../model/tunnel-secret.ts";
import { findCluster } from "../store/the-cluster.ts";
import type { ReadTx } from "../store/tx.ts";
import { type SessionMessage, SessionMessageSchema } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import type { Node } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { notRegistered } from "./session-table.ts";

/** A manager that agents may connect to. */
export interface ManagerPeer {
  readonly nodeId: string;
  /** HOST:PORT. */
  readonly addr: string;
}

/** SwarmKit: every manager is as good as the others. */
const managerWeight = 10n;

/** What an agent is told in its session. Fault not_found when the node is no more. */
export function sessionMessage(
  tx: ReadTx,
  session: { readonly id: string; readonly nodeId: string },
  peers: readonly ManagerPeer[],
): SessionMessage {
  const node = tx.node.get(session.nodeId);
  if (!node) throw notRegistered();
  const cluster = findCluster(tx);
  return create(SessionMessageSchema, {
    sessionId: session.id,
    node,
    managers: peers.map(({ nodeId, addr }) => ({ peer: { nodeId, addr }, weight: managerWeight })),
    networkBootstrapKeys: (cluster?.networkBootstrapKeys ?? []).filter(key => !isTunnelSecret(key)),
    RootCA: cluster?.rootCa?.caCert ?? new Uint8Array(),
  });
}

/** Whether an agent that was told `a` need not be told `b`: what it says of itself is no news to it. */
export function sameNews(a: SessionMessage, b: SessionMessage): boolean {
  return same({ ...a, node: news(a.node) }, { ...b, node: news(b.node) });
}

function news(node: Node | undefined): Partial<Node> | undefined {
  return node && { ...node, meta: undefined, status: undefined, description: undefined };
}
