import "reflect-metadata";
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { syncCrypto, syncKey } from "../pki/sync-crypto.ts";

const dayMs = 86_400_000;
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };

export interface Certified {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority as an operator makes one for dockerd's `--tlsverify`. */
export class TestAuthority {
  readonly pem: string;
  readonly #certificate: x509.X509Certificate;
  readonly #key: KeyObject;

  private constructor(certificate: x509.X509Certificate, key: KeyObject) {
    this.pem = certificate.toString("pem");
    this.#certificate = certificate;
    this.#key = key;
  }

  static async create(): Promise<TestAuthority> {
    const { privateKey, publicKey } = newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned(
      {
        ...validity(),
        name: [{ CN: ["operator"] }],
        signingAlgorithm,
        keys: { privateKey: syncKey(privateKey), publicKey: syncKey(publicKey) },
        extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
      },
      syncCrypto,
    );
    return new TestAuthority(certificate, privateKey);
  }

  /** A certificate for a server (with the names it is for) or a client. */
  async issue(commonName: string, names: readonly { type: "dns" | "ip"; value: string }[] = []): Promise<Certified> {
    const { privateKey, publicKey } = newKeys();
    const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
    const certificate = await x509.X509CertificateGenerator.create(
      {
        ...validity(),
        issuer: this.#certificate.subjectName,
        subject: [{ CN: [commonName] }],
        signingAlgorithm,
        publicKey: syncKey(publicKey),
        signingKey: syncKey(this.#key),
        extensions: [
          new x509.ExtendedKeyUsageExtension([serverAuth, clientAuth]),
          ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension([...names])] : []),
        ],
      },
      syncCrypto,
    );
    const key = privateKey.export({ type: "sec1", format: "pem" }).toString();
    return { cert: certificate.toString("pem"), key };
  }
}

function newKeys(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "prime256v1" });
}

function validity(): { serialNumber: string; notBefore: Date; notAfter: Date } {
  const now = Date.now();
  const serialNumber = `01${randomBytes(8).toString("hex")}`;
  return { serialNumber, notBefore: new Date(now - dayMs), notAfter: new Date(now + dayMs) };
}
