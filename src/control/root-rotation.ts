import type { Cluster, Node } from "../model/objects.ts";
import { hasNextCertificate, newRoot, nextIssuer, usesIssuer } from "../pki/root-rotation.ts";
import { findCluster } from "../store/the-cluster.ts";
import type { ReadTx } from "../store/tx.ts";
import { IssuanceStatus_State, type RootRotation } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Context, type Decision, type Loop, nothing } from "./loop.ts";
import type { Write } from "./write.ts";

/** Nodes come by in crowds while the root is being changed: they are looked at together. */
const gatherMs = 100;
/** SwarmKit: how long a node may take to show the certificate that it asked for, before it is to ask again. */
export const patienceMs = 30_000;

export interface RotationObservation {
  /** With a root CA that is being changed. */
  readonly cluster: Cluster;
  readonly rotation: RootRotation;
  readonly nodes: readonly Node[];
}

/**
 * Moves the nodes of a swarm whose root CA is being changed over to the new one: lets each ask for a certificate, and ends
 * the change when all of them say that they use theirs. Nodes that are down are waited for; removing one ends that.
 */
export const rootRotationLoop: Loop<RotationObservation> = {
  name: "root rotation",
  parallel: 1,
  watches: ["node", "cluster"],
  keysOf: (event, tx) => (event.kind === "node" || event.kind === "cluster" ? rotating(tx) : []),
  allKeys: rotating,
  hintDelayMs: () => gatherMs,
  observe(tx, key) {
    const cluster = tx.cluster.get(key);
    const rotation = cluster?.rootCa?.rootRotation;
    return cluster && rotation && { cluster, rotation, nodes: [...tx.node.all()] };
  },
  decide: decideRotation,
};

function rotating(tx: ReadTx): string[] {
  const cluster = findCluster(tx);
  return cluster?.rootCa?.rootRotation ? [cluster.id] : [];
}

export function decideRotation({ cluster, rotation, nodes }: RotationObservation, context: Context): Decision {
  const issuer = nextIssuer(rotation);
  // Whoever asked for the change checked that it can be read.
  if (!issuer) return nothing;
  const behind = nodes.filter(node => !usesIssuer(node, issuer));
  if (behind.length === 0)
    return { writes: [{ kind: "update cluster", cluster: withNextRoot(cluster, rotation, context) }] };
  const late = behind.filter(node => mustAsk(node, rotation, context.now)).slice(0, context.maxWrites);
  return { writes: late.map(askingAgain), lookAgainMs: patienceMs };
}

/** Not while its certificate is being made, or has only just been. */
function mustAsk(node: Node, rotation: RootRotation, now: number): boolean {
  const { certificate } = node;
  if (certificate?.status?.state !== IssuanceStatus_State.ISSUED) return false;
  return !hasNextCertificate(node, rotation) || now - changedMs(node) >= patienceMs;
}

/** When the managers last wrote anything of the node, in milliseconds since 1970. */
function changedMs({ meta }: Node): number {
  return Number(meta.updatedAt?.seconds ?? 0n) * 1000;
}

function askingAgain(node: Node): Write {
  const { certificate } = node;
  if (!certificate?.status) throw new RangeError("a node without a certificate's status is not asked");
  const status = { ...certificate.status, state: IssuanceStatus_State.ROTATE };
  return { kind: "update node", node: { ...node, certificate: { ...certificate, status } } };
}

function withNextRoot(cluster: Cluster, rotation: RootRotation, { random }: Context): Cluster {
  return { ...cluster, rootCa: newRoot(rotation, cluster.rootCa?.lastForcedRotation ?? 0n, random) };
}
