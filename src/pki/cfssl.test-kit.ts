import "reflect-metadata";
import { createPrivateKey } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { HttpsAnswer } from "../ports/https.ts";
import type { Caller } from "../ports/transport.ts";
import { encodePem } from "./pem.ts";
import type { RootCa } from "./root-ca.ts";
import { identityOf } from "./subject.ts";
import { rootKey, syncCrypto } from "./sync-crypto.ts";

const dayMs = 86_400_000;

interface SigningRequest {
  readonly hosts?: readonly string[];
  readonly certificate_request: string;
  readonly subject?: { readonly CN: string; readonly names: readonly { O: string; OU: string }[] };
  readonly profile?: string;
}

/** A CFSSL server that holds a root's key, without a network. Wall time is the caller's business. */
export class FakeCfssl {
  readonly rootPem: string;
  /** As they came. */
  readonly asked: string[] = [];
  /** What was signed, last one last: a node, or "CA". */
  readonly signed: (Caller | "CA")[] = [];
  /** Answers instead of signing, while it is set. */
  trouble: HttpsAnswer | undefined;
  /** Changes a node's certificate before it is sent. */
  spoil: (pem: string) => string | Promise<string> = pem => pem;
  readonly #root: RootCa;
  readonly #now: () => number;

  constructor(root: RootCa, now: () => number) {
    this.rootPem = root.certificatePem;
    this.#root = root;
    this.#now = now;
  }

  async answer(json: string): Promise<HttpsAnswer> {
    this.asked.push(json);
    if (this.trouble) return this.trouble;
    const request = JSON.parse(json) as SigningRequest;
    const certificate = request.profile === "CA" ? await this.#authority(request) : await this.#node(request);
    return { status: 200, body: JSON.stringify({ success: true, result: { certificate }, errors: [], messages: [] }) };
  }

  async #node({ certificate_request, subject }: SigningRequest): Promise<string> {
    const { CN = "", names = [] } = subject ?? {};
    const node = identityOf({ CN, ...names[0] });
    if (!node) throw new Error(`no node's subject: ${JSON.stringify(subject)}`);
    this.signed.push(node);
    return this.spoil(await this.#root.sign(Buffer.from(certificate_request), node, this.#now()));
  }

  async #authority({ certificate_request }: SigningRequest): Promise<string> {
    this.signed.push("CA");
    const request = new x509.Pkcs10CertificateRequest(certificate_request);
    const key = rootKey(createPrivateKey(this.#root.keyPem));
    const own = new x509.X509Certificate(this.rootPem);
    const certificate = await x509.X509CertificateGenerator.create(
      {
        issuer: own.subjectName,
        subject: request.subjectName,
        notBefore: new Date(this.#now()),
        notAfter: new Date(this.#now() + 3_650 * dayMs),
        publicKey: request.publicKey.rawData,
        signingKey: key,
        signingAlgorithm: { hash: "SHA-256", ...key.algorithm },
        extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
      },
      syncCrypto,
    );
    return encodePem("CERTIFICATE", new Uint8Array(certificate.rawData));
  }
}
