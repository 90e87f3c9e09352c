import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import type { Node } from "../model/objects.ts";
import type { Random } from "../ports/random.ts";
import { type RootCA, RootCASchema, type RootRotation } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isIssuedBy } from "./chain.ts";
import { type Issuer, issuerOf } from "./issuer.ts";
import { digestOf, newJoinToken } from "./join-token.ts";

/*
 * How a swarm changes its root CA (SwarmKit: ca/reconciler.go). The old root signs a certificate for the new one's key; from
 * then on the new key signs all certificates, which the nodes accept because that certificate comes with them. When every
 * node has one, the new root takes the old one's place, and the nodes are told to trust it instead.
 */

/** The issuer that every node's certificate is to name while the root is being changed. */
export function nextIssuer({ caCert }: RootRotation): Issuer | undefined {
  return issuerOf(caCert);
}

/** Whether a node says of itself that its certificate is the issuer's. */
export function usesIssuer({ description }: Node, issuer: Issuer): boolean {
  const info = description?.tlsInfo;
  if (!info) return false;
  return (
    Buffer.from(info.certIssuerSubject).equals(issuer.subject) &&
    Buffer.from(info.certIssuerPublicKey).equals(issuer.publicKey)
  );
}

/** Whether the certificate that was made for a node is the new root's, whether it has taken it up or not. */
export function hasNextCertificate({ certificate }: Node, { caCert }: RootRotation): boolean {
  return certificate !== undefined && isIssuedBy(certificate.certificate, caCert);
}

/** A swarm's root CA with the tokens to join under it. */
export function newRoot(keys: Pick<RootCA, "caCert" | "caKey">, forced: bigint, random: Random): RootCA {
  const { caCert, caKey } = keys;
  const digest = digestOf(caCert);
  return create(RootCASchema, {
    caCert,
    caKey,
    caCertHash: `sha256:${createHash("sha256").update(caCert).digest("hex")}`,
    joinTokens: { worker: newJoinToken(digest, random), manager: newJoinToken(digest, random) },
    lastForcedRotation: forced,
  });
}
