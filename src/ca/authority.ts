import { Fault } from "../lib/fault.ts";
import type { Cluster } from "../model/objects.ts";
import { fromDuration } from "../model/time.ts";
import { defaultNodeExpiryMs, RootCa } from "../pki/root-ca.ts";

/** How long certificates of this swarm's nodes last, as its spec says. */
export function nodeExpiryMs(cluster: Cluster): number {
  return fromDuration(cluster.spec.caConfig?.nodeCertExpiry) || defaultNodeExpiryMs;
}

/** Who signs certificates at the moment. */
export interface Signer {
  readonly rootCa: RootCa;
  /** PEM that leads from its certificates to the root that the nodes trust; "" when it is that root itself. */
  readonly chain: string;
}

/** The swarm's signer, read from the store once for each there was. */
export class Authority {
  #loaded: Signer | undefined;
  #certificate: Uint8Array | undefined;

  /** Fault failed_precondition when the swarm's key is kept elsewhere. */
  of(cluster: Cluster): Signer {
    const { caCert, caKey, chain } = signing(cluster);
    if (caKey.length === 0)
      throw new Fault("failed_precondition", "Cannot sign certificates: this swarm's root CA key is not kept in it");
    if (this.#loaded && this.#certificate === caCert) return this.#loaded;
    const rootCa = RootCa.load(Buffer.from(caCert).toString(), Buffer.from(caKey).toString());
    this.#loaded = { rootCa, chain: Buffer.from(chain).toString() };
    this.#certificate = caCert;
    return this.#loaded;
  }
}

/** While the root is being changed the new one signs, and the old one's certificate for it goes with what it signs. */
function signing({ rootCa }: Cluster): { caCert: Uint8Array; caKey: Uint8Array; chain: Uint8Array } {
  const none = new Uint8Array();
  const rotation = rootCa?.rootRotation;
  if (rotation) return { ...rotation, chain: rotation.crossSignedCaCert };
  return { caCert: rootCa?.caCert ?? none, caKey: rootCa?.caKey ?? none, chain: none };
}
