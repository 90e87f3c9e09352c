import { X509Certificate } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { asFault, Fault } from "../lib/fault.ts";
import { same } from "../lib/same.ts";
import type { Cluster } from "../model/objects.ts";
import { ExternalCa, serversFor } from "../pki/external-ca.ts";
import { certificatesIn, decodePem } from "../pki/pem.ts";
import { RootCa } from "../pki/root-ca.ts";
import type { HttpsClient } from "../ports/https.ts";
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
/** They are tried one after the other. */
const maxExternalCas = 16;

export interface RootDoors {
  readonly nowMs: number;
  /** To external CAs. */
  readonly https: HttpsClient;
}

/**
 * The root CA as a new spec asks for it: as it is, or being changed for a given one or a new one. A change under way is
 * replaced by the new one, and ended by asking for the root that is still trusted. A root whose key the swarm does not have
 * needs an external CA that is there now. Rules and texts are SwarmKit's (manager/controlapi/ca_rotation.go).
 */
export async function rootFor(cluster: Cluster, spec: Cluster["spec"], doors: RootDoors): Promise<RootCA> {
  const current = cluster.rootCa ?? create(RootCASchema);
  const wanted = spec.caConfig ?? create(CAConfigSchema);
  const certificate = normalized(wanted.signingCaCert);
  if (wanted.externalCas.length > maxExternalCas)
    throw invalidArgument(`a swarm cannot have more than ${maxExternalCas} external CAs`);
  if (certificate === "" && wanted.signingCaKey.length > 0)
    throw invalidArgument("if a signing CA key is provided, the signing CA cert must also be provided");
  const isRotated = wanted.forceRotate !== current.lastForcedRotation;
  // Ours: a CA that is down is no reason to refuse what has nothing to do with it, like new join tokens.
  if (certificate === "" && !isRotated && same(wanted.externalCas, cluster.spec.caConfig?.externalCas ?? []))
    return current;
  const signsItself = current.caKey.length > 0;
  const external = signsItself ? undefined : await reachable(current.caCert, "current", current, wanted, doors);
  const change = { current, external, wanted, doors };
  if (certificate !== "") return givenRoot(certificate, change);
  if (isRotated) {
    const made = await RootCa.create(doors.nowMs, external && `swarm-ca ${new Date(doors.nowMs).toISOString()}`);
    return changing(change, made.certificatePem, made);
  }
  const { rootRotation } = current;
  if (rootRotation?.caKey.length === 0) await reachable(rootRotation.caCert, "next", current, wanted, doors);
  return current;
}

/** A spec as it is kept: its key is the root's now, and nobody is to be shown it. */
export function withoutSigner(spec: Cluster["spec"]): Cluster["spec"] {
  const { caConfig } = spec;
  if (!caConfig) return spec;
  return { ...spec, caConfig: { ...caConfig, signingCaCert: new Uint8Array(), signingCaKey: new Uint8Array() } };
}

interface Change {
  readonly current: RootCA;
  /** Signs for the current root where the swarm itself cannot. */
  readonly external: ExternalCa | undefined;
  readonly wanted: CAConfig;
  readonly doors: RootDoors;
}

/** The root CA once a user has given a certificate, with its key or an external CA for it. */
async function givenRoot(certificate: string, change: Change): Promise<RootCA> {
  const { current, wanted, doors } = change;
  const caKey = wanted.signingCaKey;
  const next = checkedRoot(certificate, caKey, doors.nowMs);
  if (!next) await reachable(Buffer.from(certificate), "desired", current, wanted, doors);
  const kept = { caKey: Buffer.from(next?.keyPem ?? ""), lastForcedRotation: wanted.forceRotate };
  if (certificate === certificatesIn(current.caCert)) return { ...withoutRotation(current), ...kept };
  if (next && kept.caKey.equals(current.caKey)) throw invalidArgument("Cannot update to a cert with an identical key");
  const { rootRotation } = current;
  if (rootRotation && certificate === certificatesIn(rootRotation.caCert))
    return { ...current, ...kept, caKey: current.caKey, rootRotation: { ...rootRotation, caKey: kept.caKey } };
  return changing(change, certificate, next);
}

/** Begins the change: the root that is trusted vouches for the one that signs from now on. */
async function changing(
  { current, external, wanted, doors }: Change,
  certificatePem: string,
  next: RootCa | undefined,
): Promise<RootCA> {
  if (external && !next)
    throw invalidArgument("rotating from one external CA to a different external CA is not supported");
  const vouching =
    external && next ? external.crossSign(next, doors.nowMs) : crossSigned(current, certificatePem, doors.nowMs);
  const crossSignedCaCert = await vouching.catch(error => {
    const { code, message } = asFault(error);
    throw new Fault(code, `unable to generate a cross-signed certificate for root rotation: ${message}`);
  });
  return {
    ...current,
    lastForcedRotation: wanted.forceRotate,
    rootRotation: create(RootRotationSchema, {
      caCert: Buffer.from(certificatePem),
      caKey: Buffer.from(next?.keyPem ?? ""),
      crossSignedCaCert: Buffer.from(crossSignedCaCert),
    }),
  };
}

async function crossSigned({ caCert, caKey }: RootCA, certificatePem: string, nowMs: number): Promise<string> {
  return RootCa.load(text(caCert), text(caKey)).crossSign({ certificatePem }, nowMs);
}

function withoutRotation({ rootRotation: _, ...root }: RootCA): RootCA {
  return root;
}

/** The external CA for a root. Fault invalid_argument when there is none, or none of its servers is to be reached now. */
async function reachable(
  root: Uint8Array,
  label: "current" | "next" | "desired",
  { caCert }: RootCA,
  { externalCas }: CAConfig,
  { https }: RootDoors,
): Promise<ExternalCa> {
  const urls = serversFor(externalCas, root, caCert);
  const external = new ExternalCa({ https, urls, rootPem: certificatesIn(root) });
  if (await external.isReachable()) return external;
  throw invalidArgument(
    `there must be at least one valid, reachable external CA corresponding to the ${label} CA certificate`,
  );
}

/** The root that a user has given, checked; undefined when its key was not. */
function checkedRoot(certificate: string, key: Uint8Array, nowMs: number): RootCa | undefined {
  if (decodePem(certificate).length > 1)
    throw invalidArgument("the desired CA certificate cannot contain multiple certificates");
  const parsed = parsedRoot(certificate);
  if (Date.parse(parsed.validTo) < nowMs + minRootLifeMs) throw invalidArgument("CA certificate expires too soon");
  if (key.length === 0) return undefined;
  try {
    return RootCa.load(certificate, text(key));
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
  const certificates = certificatesIn(pem);
  if (pem.length > 0 && certificates === "") throw invalidArgument("no valid root CA certificates found");
  return certificates;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
