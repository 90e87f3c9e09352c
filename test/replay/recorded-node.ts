import { create } from "@bufbuild/protobuf";
import { nodeSpecBody, reachabilities, states, toNodeSpec } from "../../src/docker-api/nodes/node.ts";
import { checkShape } from "../../src/docker-api/schema.ts";
import { clusterSpecBody, toClusterSpec } from "../../src/docker-api/swarm/spec.ts";
import {
  type Cluster,
  ClusterSchema,
  type Node,
  NodeSchema,
} from "../../src/wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { NodeSpec_Membership } from "../../src/wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeStatus_State, RaftMemberStatus_Reachability } from "../../src/wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type RecordedMeta, toMeta } from "./recorded.ts";

interface RecordedTls {
  readonly TrustRoot?: string;
  readonly CertIssuerSubject?: string;
  readonly CertIssuerPublicKey?: string;
}

export interface RecordedNode extends RecordedMeta {
  readonly ID: string;
  readonly Spec: object;
  readonly Description: {
    readonly Hostname?: string;
    readonly Platform?: { readonly Architecture?: string; readonly OS?: string };
    readonly Resources?: { readonly NanoCPUs?: number; readonly MemoryBytes?: number };
    readonly Engine?: {
      readonly EngineVersion?: string;
      readonly Plugins?: readonly { readonly Type: string; readonly Name: string }[];
    };
    readonly TLSInfo?: RecordedTls;
  };
  readonly Status: { readonly State: string; readonly Message?: string; readonly Addr?: string };
  readonly ManagerStatus?: { readonly Leader?: boolean; readonly Reachability: string; readonly Addr: string };
}

export function toNode(recorded: RecordedNode): Node {
  const { Description: description, Status: status, ManagerStatus: manager } = recorded;
  const spec = toNodeSpec(checkShape(nodeSpecBody, structuredClone(recorded.Spec)));
  return create(NodeSchema, {
    id: recorded.ID,
    meta: toMeta(recorded),
    spec: { ...spec, membership: NodeSpec_Membership.ACCEPTED },
    role: spec.desiredRole,
    description: toDescription(description),
    status: {
      state: states.find(status.State) ?? NodeStatus_State.UNKNOWN,
      message: status.Message ?? "",
      addr: status.Addr ?? "",
    },
    ...(manager && {
      managerStatus: {
        leader: manager.Leader ?? false,
        reachability: reachabilities.find(manager.Reachability) ?? RaftMemberStatus_Reachability.UNKNOWN,
        addr: manager.Addr,
      },
    }),
  });
}

function toDescription(description: RecordedNode["Description"]) {
  const { Platform: platform = {}, Resources: resources = {}, Engine: engine = {}, TLSInfo: tls = {} } = description;
  return {
    hostname: description.Hostname ?? "",
    platform: { architecture: platform.Architecture ?? "", os: platform.OS ?? "" },
    resources: { nanoCpus: BigInt(resources.NanoCPUs ?? 0), memoryBytes: BigInt(resources.MemoryBytes ?? 0) },
    engine: {
      engineVersion: engine.EngineVersion ?? "",
      plugins: (engine.Plugins ?? []).map(({ Type, Name }) => ({ type: Type, name: Name })),
    },
    tlsInfo: {
      trustRoot: Buffer.from(tls.TrustRoot ?? ""),
      certIssuerSubject: Buffer.from(tls.CertIssuerSubject ?? "", "base64"),
      certIssuerPublicKey: Buffer.from(tls.CertIssuerPublicKey ?? "", "base64"),
    },
  };
}

export interface RecordedCluster extends RecordedMeta {
  readonly ID: string;
  readonly Spec: object;
  readonly TLSInfo: RecordedTls;
  readonly RootRotationInProgress: boolean;
  readonly DefaultAddrPool: readonly string[] | null;
  readonly SubnetSize: number;
  readonly DataPathPort: number;
  readonly JoinTokens?: { readonly Worker: string; readonly Manager: string };
}

export function toCluster(recorded: RecordedCluster): Cluster {
  const caCert = Buffer.from(recorded.TLSInfo.TrustRoot ?? "");
  const spec = toClusterSpec(checkShape(clusterSpecBody, structuredClone(recorded.Spec)));
  return create(ClusterSchema, {
    id: recorded.ID,
    meta: toMeta(recorded),
    spec,
    rootCa: {
      caCert,
      lastForcedRotation: spec.caConfig?.forceRotate ?? 0n,
      joinTokens: { worker: recorded.JoinTokens?.Worker ?? "", manager: recorded.JoinTokens?.Manager ?? "" },
      ...(recorded.RootRotationInProgress && { rootRotation: { caCert } }),
    },
    defaultAddressPool: [...(recorded.DefaultAddrPool ?? [])],
    subnetSize: recorded.SubnetSize,
    VXLANUDPPort: recorded.DataPathPort,
  });
}
