import { create } from "@bufbuild/protobuf";
import {
  type Cluster,
  ClusterSchema,
  type Network,
  NetworkSchema,
  type Node,
  NodeSchema,
} from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { NodeSpec_Availability, NodeSpec_Membership } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  DriverSchema,
  ManagerStatusSchema,
  NodeRole,
  NodeStatus_State,
  RaftMemberStatus_Reachability,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { toClusterSpec } from "./swarm/spec.ts";

/** A real swarm's root certificate, and what `docker swarm ca` showed of it. */
export const rootPem = `-----BEGIN CERTIFICATE-----
MIIBaTCCARCgAwIBAgIUfVkUPCxvIitQVkyRoERtVWVm6rcwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAxMIc3dhcm0tY2EwHhcNMjYxMTIxMTE0MzAwWhcNNDYxMTE2MTE0
MzAwWjATMREwDwYDVQQDEwhzd2FybS1jYTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABM1jjXw+yovtFQhe8I+5RVUPj/McaVAHm1fxPo/y38cgyViVVbr/qybx+KU2
H2dpG96e3BD+PCIHx7GK+fEdvrKjQjBAMA4GA1UdDwEB/wQEAwIBBjAPBgNVHRMB
Af8EBTADAQH/MB0GA1UdDgQWBBT2YatvS8HlT4VNMHLhK4F3aIDETjAKBggqhkjO
PQQDAgNHADBEAiBmr1wkQXNaBPG8LHJ1W+ROLGeye22NS+ACE3lKQ6G+xwIgakoY
yPoW2LiCCVD9J+jhbf2Mz5IYNVKfOj+futojf2s=
-----END CERTIFICATE-----
`;
export const rootSubject = "MBMxETAPBgNVBAMTCHN3YXJtLWNh";
export const rootPublicKey =
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzWONfD7Ki+0VCF7wj7lFVQ+P8xxpUAebV/E+j/LfxyDJWJVVuv+rJvH4pTYfZ2kb3p7cEP48IgfHsYr58R2+sg==";

const meta = {
  version: { index: 10n },
  createdAt: { seconds: 1_795_261_650n, nanos: 536_955_468 },
  updatedAt: { seconds: 1_795_261_651n, nanos: 72_088_422 },
};

export function sampleCluster(): Cluster {
  return create(ClusterSchema, {
    id: "7ln43vpqyo0nq73delwf8nx8z",
    meta,
    spec: toClusterSpec({}),
    rootCa: {
      caCert: Buffer.from(rootPem),
      caKey: Buffer.from("secret"),
      joinTokens: { worker: "SWMTKN-1-a-b", manager: "SWMTKN-1-a-c" },
    },
  });
}

export function sampleNode(id: string, hostname = "vm"): Node {
  return create(NodeSchema, {
    id,
    meta,
    spec: {
      annotations: { labels: {} },
      desiredRole: NodeRole.WORKER,
      membership: NodeSpec_Membership.ACCEPTED,
      availability: NodeSpec_Availability.ACTIVE,
    },
    role: NodeRole.WORKER,
    description: {
      hostname,
      platform: { architecture: "x86_64", os: "linux" },
      resources: { nanoCpus: 2_000_000_000n, memoryBytes: 25_276_510_208n },
      engine: { engineVersion: "20.10.24+dfsg1", plugins: [{ type: "Log", name: "json-file" }] },
      tlsInfo: {
        trustRoot: Buffer.from(rootPem),
        certIssuerSubject: Buffer.from(rootSubject, "base64"),
        certIssuerPublicKey: Buffer.from(rootPublicKey, "base64"),
      },
    },
    status: { state: NodeStatus_State.READY, addr: "10.77.0.4" },
  });
}

export function sampleManager(id: string): Node {
  const node = sampleNode(id);
  node.role = NodeRole.MANAGER;
  if (node.spec) node.spec.desiredRole = NodeRole.MANAGER;
  node.managerStatus = create(ManagerStatusSchema, {
    leader: true,
    reachability: RaftMemberStatus_Reachability.REACHABLE,
    addr: "10.77.0.3:2377",
  });
  return node;
}

export function sampleNetwork(id: string, name: string, labels: Record<string, string> = {}): Network {
  return create(NetworkSchema, {
    id,
    meta,
    spec: { annotations: { name, labels }, driverConfig: { name: "overlay" }, attachable: true },
    driverState: { name: "overlay", options: { "com.docker.network.driver.overlay.vxlanid_list": "4099" } },
    ipam: { driver: { name: "default" }, configs: [{ subnet: "10.0.2.0/24", gateway: "10.0.2.1" }] },
  });
}

/** A network that stands for every node's own. */
export function samplePredefined(id: string, name: string): Network {
  const network = sampleNetwork(id, name, { "com.docker.swarm.predefined": "true" });
  network.driverState = create(DriverSchema, { name });
  return network;
}
