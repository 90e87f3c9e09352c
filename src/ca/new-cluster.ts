import { create } from "@bufbuild/protobuf";
import { newId } from "../lib/ids.ts";
import { type Cluster, type Node, newMeta } from "../model/objects.ts";
import { toDuration } from "../model/time.ts";
import { type Credentials, parseCredentials } from "../pki/credentials.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { defaultNodeExpiryMs, RootCa } from "../pki/root-ca.ts";
import { newRoot } from "../pki/root-rotation.ts";
import { unlockKeysOf } from "../pki/swarm-lock.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import { ClusterSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  type ClusterSpec,
  ClusterSpecSchema,
  type NodeSpec_Availability,
} from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { nodeExpiryMs } from "./authority.ts";
import { issuedCertificate, newNode } from "./new-node.ts";

/** The only name a swarm may have. */
export const clusterName = "default";
/** UDP port of VXLAN (RFC 7348). */
export const defaultDataPathPort = 4789;
/** Mask length of the subnets that are cut from the address pools. */
export const defaultSubnetSize = 24;

export interface NewClusterOptions {
  /** What is left out gets Docker's defaults. */
  readonly spec: ClusterSpec;
  /** Of the first manager. */
  readonly availability: NodeSpec_Availability;
  /** CIDR each. */
  readonly addressPools: readonly string[];
  /** 0 for the default. */
  readonly subnetSize: number;
  /** 0 for the default. */
  readonly dataPathPort: number;
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
}

/** What a swarm begins with. */
export interface NewCluster {
  readonly cluster: Cluster;
  /** The first manager. */
  readonly node: Node;
  /** What the first manager proves itself with. */
  readonly credentials: Credentials;
}

/** Founds a swarm: its root CA, its join tokens, and the certificate of its first manager. Nothing is stored yet. */
export async function newCluster(options: NewClusterOptions): Promise<NewCluster> {
  const { random, clock, availability } = options;
  const nowMs = clock.now();
  const rootCa = await RootCa.create(nowMs);
  const cluster = clusterObject(options, rootCa);
  const identity = { nodeId: newId(random), role: "manager", clusterId: cluster.id } as const;
  const keyPem = newNodeKey();
  const request = await newRequest(keyPem);
  const certificatePem = await rootCa.sign(request, identity, nowMs, nodeExpiryMs(cluster));
  const certificate = issuedCertificate(identity, request, certificatePem);
  return {
    cluster,
    node: newNode({ id: identity.nodeId, certificate, availability, dataPathPort: cluster.VXLANUDPPort }),
    credentials: parseCredentials({ certificatePem, keyPem, rootPem: rootCa.certificatePem }),
  };
}

function clusterObject(options: NewClusterOptions, rootCa: RootCa): Cluster {
  const { addressPools, random, spec } = options;
  const cluster = create(ClusterSchema, {
    id: newId(random),
    rootCa: newRoot(
      { caCert: Buffer.from(rootCa.certificatePem), caKey: Buffer.from(rootCa.keyPem) },
      spec.caConfig?.forceRotate ?? 0n,
      random,
    ),
    defaultAddressPool: [...addressPools],
    subnetSize: options.subnetSize || defaultSubnetSize,
    VXLANUDPPort: options.dataPathPort || defaultDataPathPort,
  });
  const founded: Cluster = { ...cluster, meta: newMeta(), spec: completeSpec(spec) };
  return { ...founded, unlockKeys: unlockKeysOf(founded, true, random) };
}

/** A spec with Docker's defaults for the parts it lacks. */
function completeSpec(spec: ClusterSpec): Cluster["spec"] {
  const defaults = create(ClusterSpecSchema, {
    acceptancePolicy: {},
    orchestration: { taskHistoryRetentionLimit: 5n },
    raft: { snapshotInterval: 10_000n, logEntriesForSlowFollowers: 500n, electionTick: 10, heartbeatTick: 1 },
    dispatcher: { heartbeatPeriod: toDuration(5_000) },
    caConfig: { nodeCertExpiry: toDuration(defaultNodeExpiryMs) },
    taskDefaults: {},
    encryptionConfig: {},
  });
  const given = Object.fromEntries(Object.entries(spec).filter(([, part]) => part !== undefined));
  const annotations = { ...(spec.annotations ?? create(AnnotationsSchema)), name: clusterName };
  return { ...defaults, ...given, annotations };
}
