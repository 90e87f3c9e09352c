import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { readCertificates } from "../pki/chain.ts";
import type { Credentials } from "../pki/credentials.ts";
import { digestOf, parseJoinToken } from "../pki/join-token.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import type { AnonymousDialler, Trust } from "../ports/anonymous.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Connection } from "../ports/transport.ts";
import { dialFailureOf } from "../rpc/dial-failure.ts";
import { CA, NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import type { NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { collect, questionTimeoutMs } from "./issuance.ts";

/** Pause after every manager was tried in vain. */
const backoff: Backoff = { firstMs: 500, longestMs: 10_000 };

export interface EnrollOptions {
  /** Managers to try, HOST:PORT each; at least one. */
  readonly remotes: readonly string[];
  /** As the user typed it. */
  readonly token: string;
  readonly availability: NodeSpec_Availability;
  readonly dialler: AnonymousDialler;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the attempts. */
  readonly signal: AbortSignal;
  /** Called with each failure that is not the end: what a user who waits is shown. */
  readonly onFailure?: (fault: Fault) => void;
}

/**
 * Gets this machine's first certificate. SwarmKit: fetch the root certificate without trusting anybody, compare it with
 * the token's digest, and from then on trust that root alone with the token's secret and a certificate request.
 *
 * Tries the managers in turn until one answers. Ends at once with Fault invalid_argument for a token that is none
 * ("invalid join token") or whose secret is wrong, with failed_precondition when every manager shows another root than
 * the token's, and with cancelled when the signal aborts.
 */
export async function enroll(options: EnrollOptions): Promise<Credentials> {
  const { remotes, clock, random, signal, onFailure } = options;
  const attempt = new Attempt(options, newNodeKey());
  let last: Fault | undefined;
  for (let round = 1; !signal.aborted; round++) {
    let distrusted = 0;
    for (const remote of remotes) {
      try {
        return await attempt.at(remote);
      } catch (error) {
        last = asFault(error);
        if (signal.aborted) break;
        if (last.code === "invalid_argument") throw last;
        if (isDistrust(last)) distrusted++;
        onFailure?.(last);
      }
    }
    if (last && distrusted === remotes.length) throw last;
    await sleep(clock, backoffMs(backoff, round, random.float()), signal);
  }
  throw new Fault("cancelled", `Cannot join the swarm: given up${last ? ` after: ${last.message}` : ""}`);
}

/** Another root, or somebody who is no manager: waiting will not change that. */
function isDistrust(fault: Fault): boolean {
  const failure = dialFailureOf(fault);
  return fault.code === "failed_precondition" || failure === "untrusted" || failure === "wrong name";
}

/** One enrolment: the same key, and once it was given the same node id, whichever manager is asked. */
class Attempt {
  readonly #options: EnrollOptions;
  readonly #digest: string;
  readonly #keyPem: string;
  /** The one that the token is for: once shown it need not be fetched again. */
  #rootPem: string | undefined;
  /** The same at each try: a manager whose answer was lost knows by it that this node is in already. */
  #request: Uint8Array | undefined;
  #nodeId: string | undefined;

  constructor(options: EnrollOptions, keyPem: string) {
    this.#options = options;
    this.#digest = parseJoinToken(options.token).digest;
    this.#keyPem = keyPem;
  }

  async at(remote: string): Promise<Credentials> {
    const rootPem = this.#rootPem ?? (await this.#over(remote, { kind: "none" }, connection => this.#root(connection)));
    this.#rootPem = rootPem;
    return this.#over(remote, { kind: "root", rootPem }, connection => this.#certificate(connection, rootPem));
  }

  async #over<T>(remote: string, trust: Trust, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = this.#options.dialler.connectAnonymous(remote, trust);
    try {
      return await work(connection);
    } finally {
      connection.close();
    }
  }

  /** The manager's root certificate, if it is the token's. */
  async #root(connection: Connection): Promise<string> {
    const { signal } = this.#options;
    const options = { signal, timeoutMs: questionTimeoutMs };
    const { certificate } = await connection.client(CA).getRootCACertificate({}, options);
    const shown = digestOf(certificate);
    if (shown !== this.#digest)
      throw new Fault(
        "failed_precondition",
        `remote CA does not match fingerprint. Expected: ${this.#digest}, but ${connection.address} has: ${shown}`,
      );
    const rootPem = Buffer.from(certificate).toString();
    readCertificates(rootPem);
    return rootPem;
  }

  async #certificate(connection: Connection, rootPem: string): Promise<Credentials> {
    const { signal, clock, random } = this.#options;
    this.#nodeId ??= await this.#apply(connection);
    const awaited = { nodeId: this.#nodeId, keyPem: this.#keyPem, rootPem };
    try {
      for (let asked = 1; ; asked++) {
        const credentials = await collect(connection.client(NodeCA), awaited, signal);
        if (credentials) return credentials;
        await sleep(clock, backoffMs(backoff, asked, random.float()), signal);
      }
    } catch (error) {
      // Removed before it was here: the next attempt begins anew.
      if (error instanceof Fault && error.code === "not_found") this.#nodeId = undefined;
      throw error;
    }
  }

  async #apply(connection: Connection): Promise<string> {
    const { token, availability, signal } = this.#options;
    const csr = this.#request ?? (await newRequest(this.#keyPem));
    this.#request = csr;
    const options = { signal, timeoutMs: questionTimeoutMs };
    const client = connection.client(NodeCA);
    return (await client.issueNodeCertificate({ csr, token, availability }, options)).nodeId;
  }
}
