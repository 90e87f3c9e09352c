import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import type { Node } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type NodeSpec, NodeSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  type EngineDescription,
  type ManagerStatus,
  type NodeDescription,
  NodeRole,
  type NodeStatus,
  NodeStatus_State,
  type NodeTLSInfo,
  RaftMemberStatus_Reachability,
  type Resources,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { integer } from "../answer.ts";
import { annotationsMembers, fromAnnotations, toAnnotations } from "../convert/annotations.ts";
import { toBase64 } from "../convert/base64.ts";
import { fromMeta } from "../convert/meta.ts";
import { filled, type JsonObject, omitEmpty } from "../convert/omit.ts";
import { fromGenericResources } from "../convert/resources.ts";
import { invalid, Words } from "../convert/words.ts";
import { optionalString } from "../schema.ts";
import { availabilities, toAvailability } from "../swarm/init-request.ts";

export const roles = new Words<NodeRole>({ worker: NodeRole.WORKER, manager: NodeRole.MANAGER });

export const states = new Words<NodeStatus_State>({
  unknown: NodeStatus_State.UNKNOWN,
  down: NodeStatus_State.DOWN,
  ready: NodeStatus_State.READY,
  disconnected: NodeStatus_State.DISCONNECTED,
});

export const reachabilities = new Words<RaftMemberStatus_Reachability>({
  unknown: RaftMemberStatus_Reachability.UNKNOWN,
  unreachable: RaftMemberStatus_Reachability.UNREACHABLE,
  reachable: RaftMemberStatus_Reachability.REACHABLE,
});

export const nodeSpecBody = Type.Object({
  ...annotationsMembers,
  Role: optionalString,
  Availability: optionalString,
});

/** The spec a body asks for. Membership is not the client's to change: it stays what it was. */
export function toNodeSpec(body: Static<typeof nodeSpecBody>): Omit<NodeSpec, "membership"> {
  const role = body.Role ?? "";
  return create(NodeSpecSchema, {
    annotations: toAnnotations(body),
    desiredRole: roles.valueOf(role.toLowerCase(), NodeRole.WORKER, () => invalid("Role")(role)),
    availability: toAvailability(body.Availability),
  });
}

export function fromNode(node: Node): JsonObject {
  return {
    ID: node.id,
    ...fromMeta(node.meta),
    Spec: {
      ...fromAnnotations(node.spec?.annotations),
      Role: roles.wordOf(node.spec?.desiredRole ?? NodeRole.WORKER),
      Availability: availabilities.wordOf(node.spec?.availability ?? 0),
    },
    Description: node.description ? fromDescription(node.description) : emptyDescription,
    Status: fromStatus(node.status),
    ...(node.managerStatus && { ManagerStatus: fromManagerStatus(node.managerStatus) }),
  };
}

/** What a node shows that has not reported yet. */
const emptyDescription: JsonObject = { Platform: {}, Resources: {}, Engine: {}, TLSInfo: {} };

function fromDescription(description: NodeDescription): JsonObject {
  return {
    ...omitEmpty({ Hostname: description.hostname }),
    Platform: omitEmpty({ Architecture: description.platform?.architecture, OS: description.platform?.os }),
    Resources: fromResources(description.resources),
    Engine: fromEngine(description.engine),
    TLSInfo: fromTlsInfo(description.tlsInfo),
  };
}

function fromResources(resources: Resources | undefined): JsonObject {
  return omitEmpty({
    NanoCPUs: integer(resources?.nanoCpus ?? 0n),
    MemoryBytes: integer(resources?.memoryBytes ?? 0n),
    GenericResources: fromGenericResources(resources?.generic ?? []),
  });
}

function fromEngine(engine: EngineDescription | undefined): JsonObject {
  return omitEmpty({
    EngineVersion: engine?.engineVersion,
    Labels: engine && filled(engine.labels),
    Plugins: (engine?.plugins ?? []).map(({ type, name }) => omitEmpty({ Type: type, Name: name })),
  });
}

function fromTlsInfo(info: NodeTLSInfo | undefined): JsonObject {
  return omitEmpty({
    TrustRoot: Buffer.from(info?.trustRoot ?? []).toString(),
    CertIssuerSubject: toBase64(info?.certIssuerSubject ?? new Uint8Array()),
    CertIssuerPublicKey: toBase64(info?.certIssuerPublicKey ?? new Uint8Array()),
  });
}

function fromStatus(status: NodeStatus | undefined): JsonObject {
  return omitEmpty({
    State: states.wordOf(status?.state ?? NodeStatus_State.UNKNOWN),
    Message: status?.message,
    Addr: status?.addr,
  });
}

function fromManagerStatus(status: ManagerStatus): JsonObject {
  return omitEmpty({
    Leader: status.leader,
    Reachability: reachabilities.wordOf(status.reachability),
    Addr: status.addr,
  });
}
