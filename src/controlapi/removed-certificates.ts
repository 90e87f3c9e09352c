import { X509Certificate } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import type { Cluster, Node } from "../model/objects.ts";
import { fromTimestamp, toTimestamp } from "../model/time.ts";
import { type BlacklistedCertificate, BlacklistedCertificateSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** How long an entry is kept after its certificate has expired: clocks differ. */
const expiredGraceMs = 3_600_000;

/** The cluster with the node's certificate refused from now on, until it would have expired anyway. */
export function withRefused(cluster: Cluster, node: Node, nowMs: number): Cluster {
  const expiryMs = expiryOf(node.certificate?.certificate);
  const refused = create(BlacklistedCertificateSchema, expiryMs === undefined ? {} : { expiry: toTimestamp(expiryMs) });
  const kept = withoutExpired(cluster, nowMs);
  return { ...kept, blacklistedCertificates: { ...kept.blacklistedCertificates, [node.id]: refused } };
}

/** The cluster without entries for certificates that have expired. Those whose expiry is unknown stay. */
export function withoutExpired(cluster: Cluster, nowMs: number): Cluster {
  const isKept = ([, { expiry }]: [string, BlacklistedCertificate]) =>
    (fromTimestamp(expiry) ?? Number.POSITIVE_INFINITY) > nowMs - expiredGraceMs;
  const kept = Object.entries(cluster.blacklistedCertificates).filter(isKept);
  return { ...cluster, blacklistedCertificates: Object.fromEntries(kept) };
}

/** When the certificate expires, in milliseconds since 1970; undefined when it cannot be read. */
function expiryOf(pem: Uint8Array | undefined): number | undefined {
  if (!pem || pem.length === 0) return undefined;
  try {
    const expiryMs = Date.parse(new X509Certificate(pem).validTo);
    return Number.isNaN(expiryMs) ? undefined : expiryMs;
  } catch {
    return undefined;
  }
}
