import { create } from "@bufbuild/protobuf";
import { type Node, newMeta } from "../model/objects.ts";
import type { Caller } from "../ports/transport.ts";
import { NodeSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  type NodeSpec_Availability,
  NodeSpec_Membership,
  NodeSpecSchema,
} from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  AnnotationsSchema,
  type Certificate,
  CertificateSchema,
  IssuanceStatus_State,
  NodeRole,
  NodeStatusSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

export interface NewNodeOptions {
  readonly id: string;
  readonly certificate: Certificate;
  readonly availability: NodeSpec_Availability;
  /** UDP port of the swarm's VXLAN traffic. */
  readonly dataPathPort: number;
}

/** A node that was let in and has not been heard of since. */
export function newNode({ id, certificate, availability, dataPathPort }: NewNodeOptions): Node {
  const { role } = certificate;
  const spec = create(NodeSpecSchema, { desiredRole: role, membership: NodeSpec_Membership.ACCEPTED, availability });
  return {
    ...create(NodeSchema, { id, role, certificate, VXLANUDPPort: dataPathPort }),
    meta: newMeta(),
    spec: { ...spec, annotations: create(AnnotationsSchema) },
    status: create(NodeStatusSchema),
  };
}

/** The record of a certificate that was issued for a request. */
export function issuedCertificate(node: Caller, request: Uint8Array, certificatePem: string): Certificate {
  return create(CertificateSchema, {
    role: wireRole(node.role),
    csr: request,
    status: { state: IssuanceStatus_State.ISSUED },
    certificate: Buffer.from(certificatePem),
    cn: node.nodeId,
  });
}

export function wireRole(role: Caller["role"]): NodeRole {
  return role === "manager" ? NodeRole.MANAGER : NodeRole.WORKER;
}

export function roleOf(role: NodeRole): Caller["role"] {
  return role === NodeRole.MANAGER ? "manager" : "worker";
}
