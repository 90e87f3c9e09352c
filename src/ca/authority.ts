import { Fault } from "../lib/fault.ts";
import type { Cluster } from "../model/objects.ts";
import { fromDuration } from "../model/time.ts";
import { ExternalCa, serversFor } from "../pki/external-ca.ts";
import { certificatesIn } from "../pki/pem.ts";
import { defaultNodeExpiryMs, RootCa } from "../pki/root-ca.ts";
import type { HttpsClient } from "../ports/https.ts";
import type { Caller } from "../ports/transport.ts";

/** How long certificates of this swarm's nodes last, as its spec says. External CAs decide that themselves. */
export function nodeExpiryMs(cluster: Cluster): number {
  return fromDuration(cluster.spec.caConfig?.nodeCertExpiry) || defaultNodeExpiryMs;
}

/** Who signs certificates at the moment. */
export interface Signer {
  /**
   * PEM of the certificate that makes the holder of the request's key `node`, and of what leads from it to the root that
   * the nodes trust. Fault invalid_argument for a bad request; see `ExternalCa.sign` for the others.
   */
  sign(request: Uint8Array, node: Caller, nowMs: number, expiryMs: number): Promise<string>;
}

/** What a signer depends on. */
interface Signing {
  /** Whose certificates are signed: while the root is being changed the new one's. */
  readonly root: Uint8Array;
  /** Empty when it is kept elsewhere. */
  readonly key: Uint8Array;
  /** PEM from `root` to the one that the nodes trust; "" when that is it. */
  readonly chain: string;
  readonly trusted: Uint8Array;
  /** Of the external CAs that sign for `root`. */
  readonly urls: readonly string[];
}

/** The swarm's signer, made from the store once for each there was. */
export class Authority {
  readonly #https: HttpsClient;
  #signer: Signer | undefined;
  #fingerprint = "";

  constructor(https: HttpsClient) {
    this.#https = https;
  }

  /** External CAs come first, where there are any (SwarmKit). Fault failed_precondition when nobody can sign. */
  of(cluster: Cluster): Signer {
    const signing = signingOf(cluster);
    const { root, key, chain, urls } = signing;
    const fingerprint = JSON.stringify([certificatesIn(root), key.length > 0, chain, urls]);
    if (this.#signer && this.#fingerprint === fingerprint) return this.#signer;
    this.#signer = this.#make(signing);
    this.#fingerprint = fingerprint;
    return this.#signer;
  }

  #make({ root, key, chain, trusted, urls }: Signing): Signer {
    const rootPem = certificatesIn(root);
    if (urls.length > 0) {
      const external = new ExternalCa({ https: this.#https, urls, rootPem, otherRootsPem: certificatesIn(trusted) });
      return { sign: async (request, node) => (await external.sign(request, node)) + chain };
    }
    if (key.length === 0)
      throw new Fault(
        "failed_precondition",
        "Cannot sign certificates: the key of this swarm's root CA is kept outside, and no external CA is set for it",
      );
    const rootCa = RootCa.load(Buffer.from(root).toString(), Buffer.from(key).toString());
    return { sign: async (...request) => (await rootCa.sign(...request)) + chain };
  }
}

/** While the root is being changed the new one signs, and the old one's certificate for it goes with what it signs. */
function signingOf({ rootCa, spec }: Cluster): Signing {
  const trusted = rootCa?.caCert ?? new Uint8Array();
  const rotation = rootCa?.rootRotation;
  const root = rotation?.caCert ?? trusted;
  return {
    root,
    trusted,
    key: (rotation ? rotation.caKey : rootCa?.caKey) ?? new Uint8Array(),
    chain: Buffer.from(rotation?.crossSignedCaCert ?? []).toString(),
    urls: serversFor(spec.caConfig?.externalCas ?? [], root, trusted),
  };
}
