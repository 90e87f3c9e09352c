import { X509Certificate } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import { same } from "../lib/same.ts";
import type { Cluster } from "../model/objects.ts";
import { decodePem, encodePem } from "../pki/pem.ts";
import { RootCa } from "../pki/root-ca.ts";
import {
  type CAConfig,
  CAConfigSchema,
  type RootCA,
  RootCASchema,
  RootRotationSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { invalidArgument } from "./parts.ts";

/** A root that is to be used has to last this much longer (SwarmKit: a year of 365 days). */
const minRootLifeMs = 365 * 86_400_000;

/**
 * The root CA as a new spec asks for it: as it is, or being changed for a given one or a new one. A change under way is
 * replaced by the new one, and ended by asking for the root that is still trusted. Texts are SwarmKit's.
 */
export async function rootFor(cluster: Cluster, spec: Cluster["spec"], nowMs: number): Promise<RootCA> {
  const current = cluster.rootCa ?? create(RootCASchema);
  const wanted = spec.caConfig ?? create(CAConfigSchema);
  if (!same(wanted.externalCas, cluster.spec.caConfig?.externalCas ?? []))
    throw new Fault("unimplemented", "Cannot use an external CA: this version signs with its own alone");
  const certificate = normalized(wanted.signingCaCert);
  if (certificate === "") {
    if (wanted.signingCaKey.length > 0)
      throw invalidArgument("if a signing CA key is provided, the signing CA cert must also be provided");
    if (wanted.forceRotate === current.lastForcedRotation) return current;
    return changing(current, await RootCa.create(nowMs), wanted, nowMs);
  }
  const next = givenRoot(certificate, wanted, nowMs);
  const caKey = Buffer.from(next.keyPem);
  if (certificate === text(current.caCert))
    return { ...withoutRotation(current), caKey, lastForcedRotation: wanted.forceRotate };
  if (caKey.equals(current.caKey)) throw invalidArgument("Cannot update to a cert with an identical key");
  const { rootRotation } = current;
  if (rootRotation && certificate === text(rootRotation.caCert))
    return { ...current, rootRotation: { ...rootRotation, caKey }, lastForcedRotation: wanted.forceRotate };
  return changing(current, next, wanted, nowMs);
}

/** A spec as it is kept: its key is the root's now, and nobody is to be shown it. */
export function withoutSigner(spec: Cluster["spec"]): Cluster["spec"] {
  const { caConfig } = spec;
  if (!caConfig) return spec;
  return { ...spec, caConfig: { ...caConfig, signingCaCert: new Uint8Array(), signingCaKey: new Uint8Array() } };
}

/** Begins the change: the root that is trusted vouches for the one that signs from now on. */
async function changing(current: RootCA, next: RootCa, { forceRotate }: CAConfig, nowMs: number): Promise<RootCA> {
  const trusted = RootCa.load(text(current.caCert), text(current.caKey));
  return {
    ...current,
    lastForcedRotation: forceRotate,
    rootRotation: create(RootRotationSchema, {
      caCert: Buffer.from(next.certificatePem),
      caKey: Buffer.from(next.keyPem),
      crossSignedCaCert: Buffer.from(await trusted.crossSign(next, nowMs)),
    }),
  };
}

function withoutRotation({ rootRotation: _, ...root }: RootCA): RootCA {
  return root;
}

/** The root that a user has given. */
function givenRoot(certificate: string, { signingCaKey }: CAConfig, nowMs: number): RootCa {
  if (decodePem(certificate).length > 1)
    throw invalidArgument("the desired CA certificate cannot contain multiple certificates");
  if (signingCaKey.length === 0)
    throw invalidArgument(
      "there must be at least one valid, reachable external CA corresponding to the desired CA certificate",
    );
  const parsed = parsedRoot(certificate);
  if (Date.parse(parsed.validTo) < nowMs + minRootLifeMs) throw invalidArgument("CA certificate expires too soon");
  try {
    return RootCa.load(certificate, text(signingCaKey));
  } catch (error) {
    const reason = error instanceof Fault ? error.message : String(error);
    throw invalidArgument(/does not belong/.test(reason) ? "certificate key mismatch" : reason);
  }
}

function parsedRoot(certificate: string): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch {
    throw invalidArgument("could not parse the desired CA certificate");
  }
}

/** The certificates of a PEM text, and nothing else of it. */
function normalized(pem: Uint8Array): string {
  if (pem.length === 0) return "";
  const blocks = decodePem(text(pem)).filter(({ label }) => label === "CERTIFICATE");
  if (blocks.length === 0) throw invalidArgument("no valid root CA certificates found");
  return blocks.map(({ label, bytes }) => encodePem(label, bytes)).join("");
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
