import { Fault } from "../lib/fault.ts";
import type { Cluster } from "../model/objects.ts";
import { fromDuration } from "../model/time.ts";
import { defaultNodeExpiryMs, RootCa } from "../pki/root-ca.ts";

/** How long certificates of this swarm's nodes last, as its spec says. */
export function nodeExpiryMs(cluster: Cluster): number {
  return fromDuration(cluster.spec.caConfig?.nodeCertExpiry) || defaultNodeExpiryMs;
}

/** The swarm's root CA, read from the store once for each root there was. */
export class Authority {
  #loaded: RootCa | undefined;
  #certificate: Uint8Array | undefined;

  /** Fault failed_precondition when the swarm's key is kept elsewhere. */
  of({ rootCa }: Cluster): RootCa {
    if (!rootCa || rootCa.caKey.length === 0)
      throw new Fault("failed_precondition", "Cannot sign certificates: this swarm's root CA key is not kept in it");
    if (this.#loaded && this.#certificate === rootCa.caCert) return this.#loaded;
    this.#loaded = RootCa.load(Buffer.from(rootCa.caCert).toString(), Buffer.from(rootCa.caKey).toString());
    this.#certificate = rootCa.caCert;
    return this.#loaded;
  }
}
