import "reflect-metadata";
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { Fault } from "../lib/fault.ts";
import type { Caller } from "../ports/transport.ts";
import { digestOf } from "./join-token.ts";
import { publicKeyOf } from "./node-key.ts";
import { encodePem } from "./pem.ts";
import { caServerName, serverNames, unitOf } from "./subject.ts";
import { rootKey, type SyncKey, syncCrypto, syncKey } from "./sync-crypto.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** How long a root certificate lasts (SwarmKit: 20 years of 365 days). */
export const rootExpiryMs = 20 * 365 * dayMs;
/** How long a node's certificate lasts unless the cluster's spec says otherwise. */
export const defaultNodeExpiryMs = 90 * dayMs;
/** How far before its making a certificate begins to hold, for nodes whose clocks are behind. */
export const backdateMs = hourMs;

const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };

/** A swarm's certificate authority: the root certificate and the key that signs. */
export class RootCa {
  /** What nodes are given to trust, ending in a newline: join tokens digest exactly this text. */
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly #certificate: x509.X509Certificate;
  readonly #key: KeyObject;
  readonly #signingKey: SyncKey;
  #statedKeyId: Promise<string> | undefined;

  private constructor(certificate: X509Certificate, key: KeyObject) {
    this.certificatePem = certificate.toString();
    this.keyPem = key.export({ type: key.asymmetricKeyType === "ec" ? "sec1" : "pkcs8", format: "pem" }).toString();
    this.#certificate = new x509.X509Certificate(new Uint8Array(certificate.raw));
    this.#key = key;
    this.#signingKey = rootKey(key);
  }

  /** A new authority with a key of its own, valid from an hour before `nowMs`; SwarmKit's all have the same name. */
  static async create(nowMs: number, name = caServerName): Promise<RootCa> {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const keys = { privateKey: syncKey(privateKey), publicKey: syncKey(publicKey) };
    const certificate = await x509.X509CertificateGenerator.createSelfSigned(
      {
        serialNumber: newSerial(),
        name: [{ CN: [name] }],
        notBefore: new Date(nowMs - backdateMs),
        notAfter: new Date(nowMs - backdateMs + rootExpiryMs),
        signingAlgorithm,
        keys,
        extensions: [
          new x509.BasicConstraintsExtension(true, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, syncCrypto),
        ],
      },
      syncCrypto,
    );
    return new RootCa(new X509Certificate(Buffer.from(certificate.rawData)), privateKey);
  }

  /** The authority from its stored certificate and key. Fault invalid_argument when they are unusable or no pair. */
  static load(certificatePem: string, keyPem: string): RootCa {
    try {
      const certificate = new X509Certificate(certificatePem);
      const key = createPrivateKey(keyPem);
      rootKey(key);
      if (!certificate.ca) throw new Error("the certificate is not an authority's");
      if (!certificate.checkPrivateKey(key)) throw new Error("the key does not belong to the certificate");
      return new RootCa(certificate, key);
    } catch (cause) {
      throw unloadable(cause);
    }
  }

  /** When the certificate expires, in milliseconds since 1970. */
  get notAfterMs(): number {
    return this.#certificate.notAfter.getTime();
  }

  /** SHA-256 of the certificate's text as join tokens carry it. */
  get digest(): string {
    return digestOf(this.certificatePem);
  }

  /**
   * A certificate (PEM) that makes the holder of the request's key `node`, from an hour before `nowMs` until
   * `expiryMs` after it, or until this authority's end. Of the request only the public key is used. Fault invalid_argument
   * for a bad request.
   */
  async sign(request: Uint8Array, node: Caller, nowMs: number, expiryMs = defaultNodeExpiryMs): Promise<string> {
    const publicKey = await publicKeyOf(request);
    const { KeyUsageFlags, ExtendedKeyUsage } = x509;
    const certificate = await x509.X509CertificateGenerator.create(
      {
        serialNumber: newSerial(),
        issuer: this.#certificate.subjectName,
        subject: [{ O: [node.clusterId] }, { OU: [unitOf(node.role)] }, { CN: [node.nodeId] }],
        notBefore: new Date(nowMs - backdateMs),
        // Nothing it says is worth more than what says that it may: and the year has four digits (RFC 5280 4.1.2.5).
        notAfter: new Date(Math.min(nowMs + expiryMs, this.notAfterMs)),
        signingAlgorithm: { hash: "SHA-256", ...this.#signingKey.algorithm },
        publicKey,
        signingKey: this.#signingKey,
        extensions: [
          new x509.KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
          new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
          new x509.BasicConstraintsExtension(false, undefined, true),
          await x509.SubjectKeyIdentifierExtension.create(new x509.PublicKey(publicKey), false, syncCrypto),
          new x509.AuthorityKeyIdentifierExtension(await this.#keyId()),
          new x509.SubjectAlternativeNameExtension(serverNames(node).map(value => ({ type: "dns", value }))),
        ],
      },
      syncCrypto,
    );
    return new X509Certificate(Buffer.from(certificate.rawData)).toString();
  }

  /**
   * A certificate (PEM) that vouches for another root's key under that root's name: what the other one signs is trusted by
   * whoever trusts this one. It lasts no longer than either of them. Fault invalid_argument for a root that none can be.
   */
  async crossSign(root: Pick<RootCa, "certificatePem">, nowMs: number): Promise<string> {
    const { KeyUsageFlags } = x509;
    const other = rootIn(root.certificatePem);
    const certificate = await x509.X509CertificateGenerator.create(
      {
        serialNumber: newSerial(),
        issuer: this.#certificate.subjectName,
        subject: other.subjectName,
        notBefore: new Date(nowMs - backdateMs),
        notAfter: new Date(Math.min(this.#certificate.notAfter.getTime(), other.notAfter.getTime())),
        signingAlgorithm: { hash: "SHA-256", ...this.#signingKey.algorithm },
        publicKey: other.publicKey.rawData,
        signingKey: this.#signingKey,
        extensions: [
          new x509.BasicConstraintsExtension(true, undefined, true),
          new x509.KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
          new x509.SubjectKeyIdentifierExtension(await keyIdOf(other)),
          new x509.AuthorityKeyIdentifierExtension(await this.#keyId()),
        ],
      },
      syncCrypto,
    );
    return new X509Certificate(Buffer.from(certificate.rawData)).toString();
  }

  /** A certificate request (PEM) for this root's own name and key: for another authority to vouch for it. */
  async request(): Promise<Uint8Array> {
    const keys = { privateKey: this.#signingKey, publicKey: rootKey(createPublicKey(this.#key)) };
    const signingAlgorithm = { hash: "SHA-256", ...this.#signingKey.algorithm };
    const name = this.#certificate.subjectName;
    const request = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm }, syncCrypto);
    return Buffer.from(encodePem("CERTIFICATE REQUEST", new Uint8Array(request.rawData)));
  }

  #keyId(): Promise<string> {
    this.#statedKeyId ??= keyIdOf(this.#certificate);
    return this.#statedKeyId;
  }
}

/** A certificate that can be a swarm's root. Fault invalid_argument for any other. */
function rootIn(certificatePem: string): x509.X509Certificate {
  try {
    const certificate = new X509Certificate(certificatePem);
    rootKey(certificate.publicKey);
    if (!certificate.ca) throw new Error("the certificate is not an authority's");
    return new x509.X509Certificate(new Uint8Array(certificate.raw));
  } catch (cause) {
    throw unloadable(cause);
  }
}

/** As the certificate itself says, where it does: others may have computed it in another way. Hexadecimal. */
async function keyIdOf(certificate: x509.X509Certificate): Promise<string> {
  const stated = certificate.getExtension(x509.SubjectKeyIdentifierExtension);
  if (stated) return stated.keyId;
  return (await x509.SubjectKeyIdentifierExtension.create(certificate.publicKey, false, syncCrypto)).keyId;
}

function unloadable(cause: unknown): Fault {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Fault("invalid_argument", `Cannot load root CA: ${reason}`, { cause });
}

/** 159 random bits (RFC 5280 §4.1.2.2: positive, at most 20 bytes), as hexadecimal. */
function newSerial(): string {
  const bytes = syncCrypto.getRandomValues(new Uint8Array(20));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}
