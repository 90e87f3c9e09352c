import "reflect-metadata";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { Fault } from "../lib/fault.ts";
import { decodePem, encodePem } from "./pem.ts";
import { syncCrypto, syncKey } from "./sync-crypto.ts";

/** Bytes of a request that is looked at; an honest one has about 300. */
const maxRequestBytes = 16 << 10;
const requestLabel = "CERTIFICATE REQUEST";
/** What our requests are made out to: no node's name, but the mark of who asks. A stock Docker Engine's name nobody. */
const requestName = "shoal-node";

/** A new ECDSA P-256 private key as PKCS #8 PEM. */
export function newNodeKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/**
 * A certificate signing request (PKCS #10, PEM) for a key. Its subject says only that a Shoal node asks: the authority
 * decides who that node is and takes the public key alone.
 */
export async function newRequest(keyPem: string): Promise<Uint8Array> {
  const privateKey = createPrivateKey(keyPem);
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: [{ CN: [requestName] }],
      keys: { privateKey: syncKey(privateKey), publicKey: syncKey(createPublicKey(privateKey)) },
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    },
    syncCrypto,
  );
  return Buffer.from(encodePem(requestLabel, new Uint8Array(request.rawData)));
}

/**
 * The public key (SPKI, DER) of a request in PEM, once the request is proven to be signed by it. Fault invalid_argument
 * for anything else.
 */
export async function publicKeyOf(request: Uint8Array): Promise<ArrayBuffer> {
  const parsed = parse(request);
  let genuine: boolean;
  try {
    genuine = await parsed.verify(syncCrypto);
  } catch (cause) {
    throw unusable(cause);
  }
  if (!genuine) throw refused("its signature does not fit its key");
  return parsed.publicKey.rawData;
}

/**
 * Whether a Shoal node made a request, and not a stock Docker Engine. It is the node's own word: good for telling
 * somebody of a mistake, not for keeping anybody out. Fault invalid_argument for what is no request.
 */
export function isShoalsOwn(request: Uint8Array): boolean {
  return parse(request).subjectName.getField("CN").includes(requestName);
}

function parse(request: Uint8Array): Pkcs10CertificateRequest {
  if (request.length > maxRequestBytes) throw refused("longer than 16 KiB");
  const block = decodePem(Buffer.from(request).toString("latin1")).find(({ label }) => label.endsWith(requestLabel));
  if (!block) throw refused("no PEM block of a certificate request");
  try {
    return new Pkcs10CertificateRequest(block.bytes);
  } catch (cause) {
    throw unusable(cause);
  }
}

function unusable(cause: unknown): Fault {
  return refused(cause instanceof Error ? cause.message : String(cause), cause);
}

function refused(reason: string, cause?: unknown): Fault {
  return new Fault("invalid_argument", `Cannot sign certificate request: ${reason}`, { cause });
}
