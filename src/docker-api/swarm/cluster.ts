import { issuerOf } from "../../pki/issuer.ts";
import type { Cluster } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { RootCA } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { toBase64 } from "../convert/base64.ts";
import { fromMeta } from "../convert/meta.ts";
import type { JsonObject } from "../convert/omit.ts";
import { fromClusterSpec } from "./spec.ts";

export const defaultSubnetSize = 24;
/** UDP port of VXLAN (RFC 7348 has it from IANA). */
export const defaultDataPathPort = 4789;

/** The cluster as `/info` shows it. */
export function fromCluster(cluster: Cluster): JsonObject {
  return {
    ID: cluster.id,
    ...fromMeta(cluster.meta),
    Spec: fromClusterSpec(cluster.spec),
    TLSInfo: tlsInfo(cluster.rootCa),
    RootRotationInProgress: cluster.rootCa?.rootRotation !== undefined,
    DefaultAddrPool: cluster.defaultAddressPool.length === 0 ? null : cluster.defaultAddressPool,
    SubnetSize: cluster.subnetSize || defaultSubnetSize,
    DataPathPort: cluster.VXLANUDPPort || defaultDataPathPort,
  };
}

/** The cluster as `GET /swarm` shows it: with the tokens that let nodes in. */
export function fromSwarm(cluster: Cluster): JsonObject {
  const tokens = cluster.rootCa?.joinTokens;
  return { ...fromCluster(cluster), JoinTokens: { Worker: tokens?.worker ?? "", Manager: tokens?.manager ?? "" } };
}

/** During a rotation nodes still trust the old root while the new one issues: that is the issuer they are to reach. */
function tlsInfo(root: RootCA | undefined): JsonObject {
  const trusted = root?.caCert ?? new Uint8Array();
  const issuer = issuerOf(root?.rootRotation?.caCert ?? trusted);
  return {
    TrustRoot: Buffer.from(trusted).toString(),
    ...(issuer && { CertIssuerSubject: toBase64(issuer.subject), CertIssuerPublicKey: toBase64(issuer.publicKey) }),
  };
}
