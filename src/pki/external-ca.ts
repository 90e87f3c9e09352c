import { X509Certificate } from "node:crypto";
import { asFault, Fault } from "../lib/fault.ts";
import type { HttpsClient, HttpsLimits } from "../ports/https.ts";
import type { Caller } from "../ports/transport.ts";
import { type ExternalCA, ExternalCA_CAProtocol } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { authorityProfile, authoritySigning, certificateIn, nodeSigning } from "./cfssl.ts";
import { isIssuedBy, isVouchedFor, readCertificates } from "./chain.ts";
import { issuerOf } from "./issuer.ts";
import { newNodeKey, newRequest, publicKeyOf } from "./node-key.ts";
import { certificatesIn } from "./pem.ts";
import type { RootCa } from "./root-ca.ts";
import { identityOf } from "./subject.ts";

/** For one question to one server. SwarmKit's figure. */
const limits: HttpsLimits = { timeoutMs: 5_000, maxBytes: 256 << 10 };

/** The servers that sign for one root: those that name it, and, where it is the trusted one, those that name none (SwarmKit). */
export function serversFor(cas: readonly ExternalCA[], root: Uint8Array, trusted: Uint8Array): string[] {
  const wanted = certificatesIn(root);
  const signsForIt = ({ protocol, caCert }: ExternalCA): boolean =>
    protocol === ExternalCA_CAProtocol.CFSSL && certificatesIn(caCert.length > 0 ? caCert : trusted) === wanted;
  return wanted === "" ? [] : cas.filter(signsForIt).map(({ url }) => url);
}

export interface ExternalCaOptions {
  readonly https: HttpsClient;
  /** At least one; they are tried in turn. */
  readonly urls: readonly string[];
  /** The root certificate (PEM) that they sign under; their own certificates are under it too. */
  readonly rootPem: string;
  /** Roots that their certificates may be under besides. */
  readonly otherRootsPem?: string;
}

/** A root whose key is kept outside the swarm, by CFSSL servers that sign when a manager asks them. */
export class ExternalCa {
  readonly #options: ExternalCaOptions;
  /** The one that answered last: where others are down, that costs time once. */
  #first = 0;

  constructor(options: ExternalCaOptions) {
    this.#options = options;
  }

  /**
   * The certificate (PEM) of `node` for a request's key, proven to be that and issued by the root itself. Faults:
   * invalid_argument for a bad request, failed_precondition when no server wants to or what it makes is of no use,
   * aborted when none can be asked, which may be otherwise a moment later.
   */
  async sign(request: Uint8Array, node: Caller): Promise<string> {
    const publicKey = Buffer.from(await publicKeyOf(request));
    const pem = await this.#ask(nodeSigning(request, node));
    const leaf = new X509Certificate(pem);
    const named = identityOf(leaf.toLegacyObject().subject);
    if (named?.nodeId !== node.nodeId || named.role !== node.role || named.clusterId !== node.clusterId)
      throw useless("it does not name the node, its role and the swarm as it was asked to");
    if (!leaf.publicKey.export({ type: "spki", format: "der" }).equals(publicKey)) throw useless("it has another key");
    return pem;
  }

  /**
   * A certificate (PEM) that vouches for another root's key under that root's name, as `RootCa.crossSign` makes one: proven
   * to lead from what `next` signs to this root. Faults as with `sign`.
   */
  async crossSign(next: RootCa, nowMs: number): Promise<string> {
    const pem = await this.#ask(authoritySigning(await next.request()));
    const { ca, subject, issuer } = new X509Certificate(pem);
    if (!ca) throw useless(`it is not an authority's: the server needs a profile "${authorityProfile}" with "is_ca"`);
    // Go writes no authority key id into such a certificate, and OpenSSL takes it for self-signed then.
    if (subject === issuer) throw useless("the new root needs another name than the one that is to vouch for it");
    const [made, named] = [issuerOf(Buffer.from(pem)), issuerOf(Buffer.from(next.certificatePem))];
    const probe = await next.sign(
      await newRequest(newNodeKey()),
      { nodeId: "n", role: "worker", clusterId: "c" },
      nowMs,
    );
    const isLink = isVouchedFor(
      new X509Certificate(probe),
      readCertificates(pem),
      readCertificates(this.#options.rootPem),
    );
    // Go compares names byte by byte.
    if (!isLink || !made || !named || !Buffer.from(made.subject).equals(named.subject))
      throw useless("what the new root signs would not be trusted by it");
    return pem;
  }

  /** Whether one of the servers is there, and its certificate under the root. */
  async isReachable(): Promise<boolean> {
    const { https, urls } = this.#options;
    const tried = await Promise.allSettled(urls.map(url => https.greet(this.#server(url), limits.timeoutMs)));
    return tried.some(({ status }) => status === "fulfilled");
  }

  async #ask(json: string): Promise<string> {
    const { https, urls, rootPem } = this.#options;
    const faults: Fault[] = [];
    for (let tried = 0; tried < urls.length; tried++) {
      const at = (this.#first + tried) % urls.length;
      const url = urls[at] ?? "";
      try {
        const pem = certificateIn(await https.post(this.#server(url), json, limits), url);
        this.#first = at;
        if (isIssuedBy(pem, rootPem)) return certificatesIn(Buffer.from(pem));
        throw useless("it was signed by another CA than the swarm's root");
      } catch (error) {
        faults.push(asFault(error));
      }
    }
    throw allFailed(faults);
  }

  #server(url: string) {
    const { rootPem, otherRootsPem = "" } = this.#options;
    return { url, rootPem: rootPem + otherRootsPem };
  }
}

/** Another time may be better where one of them could not be asked. */
function allFailed(faults: readonly Fault[]): Fault {
  const mayPass = faults.length === 0 || faults.some(({ code }) => code === "unavailable");
  const text = faults.map(({ message }) => message).join("; ") || "Cannot ask an external CA: there is none";
  // Not unavailable: a manager that hears that from the leader takes the leader itself for gone.
  return new Fault(mayPass ? "aborted" : "failed_precondition", text);
}

function useless(reason: string): Fault {
  return new Fault("failed_precondition", `Cannot use the certificate that the external CA made: ${reason}`);
}
