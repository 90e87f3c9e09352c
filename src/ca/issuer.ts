import { asFault, Fault } from "../lib/fault.ts";
import { newId } from "../lib/ids.ts";
import type { Cluster, Node } from "../model/objects.ts";
import { judgeJoinToken } from "../pki/join-token.ts";
import { isShoalsOwn } from "../pki/node-key.ts";
import type { Clock } from "../ports/clock.ts";
import type { HttpsClient } from "../ports/https.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Caller } from "../ports/transport.ts";
import type { Store } from "../store/store.ts";
import { theCluster } from "../store/the-cluster.ts";
import type { ReadTx } from "../store/tx.ts";
import { NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { Authority, nodeExpiryMs } from "./authority.ts";
import { FailedJoins, maxFailures, windowMs } from "./failed-joins.ts";
import { issuedCertificate, newNode, roleOf } from "./new-node.ts";

/** As the log tells it. */
const joinLimit = { attempts: maxFailures, seconds: windowMs / 1000 };

export interface IssuerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** To external CAs. */
  readonly https: HttpsClient;
}

/** What a node without a certificate asks for. */
export interface JoinApplication {
  readonly token: string;
  /** Certificate signing request, PEM. */
  readonly request: Uint8Array;
  readonly availability: NodeSpec_Availability;
  /** IP address it came from. */
  readonly address: string;
}

/** Gives nodes their certificates: new ones for a join token, known ones for the certificate they have. */
export class Issuer {
  readonly #options: IssuerOptions;
  readonly #authority: Authority;
  readonly #failedJoins: FailedJoins;

  constructor(options: IssuerOptions) {
    this.#options = options;
    this.#authority = new Authority(options.https);
    this.#failedJoins = new FailedJoins(options.clock);
  }

  /**
   * Lets a new node in and resolves with its id; its certificate is in the store by then. The role is the token's. Asked
   * once more with the same request, by a node that has not heard the answer, it says the same.
   * Fault invalid_argument says what is wrong with the token or the request, resource_exhausted comes after too many,
   * failed_precondition tells a stock Docker Engine with a manager's token that it can only be a worker.
   */
  async join({ token, request, availability, address }: JoinApplication): Promise<string> {
    const { store, random, log } = this.#options;
    this.#failedJoins.check(address);
    try {
      if (NodeSpec_Availability[availability] === undefined)
        throw new Fault("invalid_argument", `Cannot join: unknown availability ${availability}`);
      const cluster = store.view(theCluster);
      const role = entitled(token, cluster);
      const known = store.view(tx => findByRequest(tx, request, role));
      if (known) return known.id;
      if (role === "manager" && !isShoalsOwn(request)) throw noManager();
      const node: Caller = { nodeId: newId(random), role, clusterId: cluster.id };
      const certificate = await this.#sign(request, node, cluster);
      const nodeId = await store.update(tx => {
        // The tokens may have been rotated meanwhile, the root too; and the first try may have come to its end.
        const current = theCluster(tx);
        entitled(token, current);
        const first = findByRequest(tx, request, role);
        if (first) return first.id;
        const dataPathPort = current.VXLANUDPPort;
        tx.node.create(newNode({ id: node.nodeId, certificate, availability, dataPathPort }));
        return node.nodeId;
      });
      log.info("a node joined", { node: nodeId, role, address });
      return nodeId;
    } catch (error) {
      if (error instanceof Fault && error.code === "invalid_argument") {
        log.warn("a node was refused to join", { address, reason: error.message });
        if (this.#failedJoins.record(address))
          log.warn("too many refused joins from one address", { address, ...joinLimit });
      }
      throw error;
    }
  }

  /** Replaces the certificate of the node that the caller proved to be; its role is what the store says by now. */
  async renew({ nodeId }: Caller, request: Uint8Array): Promise<string> {
    const { store, log } = this.#options;
    const [cluster, node] = store.view(tx => [theCluster(tx), tx.node.get(nodeId)]);
    if (!node) throw unknownNode(nodeId);
    const identity: Caller = { nodeId, role: roleOf(node.role), clusterId: cluster.id };
    const signer = this.#authority.of(cluster);
    const certificate = await this.#sign(request, identity, cluster);
    await store.update(tx => {
      const current = tx.node.get(nodeId);
      if (!current) throw unknownNode(nodeId);
      if (this.#authority.of(theCluster(tx)) !== signer)
        throw new Fault("aborted", `Cannot renew the certificate of node ${nodeId}: the root CA has just changed`);
      if (current.role !== node.role)
        throw new Fault("aborted", `Cannot renew the certificate of node ${nodeId}: its role has just changed`);
      tx.node.update({ ...current, certificate });
    });
    log.info("a certificate was renewed", { node: nodeId, role: identity.role });
    return nodeId;
  }

  async #sign(request: Uint8Array, node: Caller, cluster: Cluster) {
    const nowMs = this.#options.clock.now();
    try {
      const pem = await this.#authority.of(cluster).sign(request, node, nowMs, nodeExpiryMs(cluster));
      return issuedCertificate(node, request, pem);
    } catch (error) {
      const { code, message: reason } = asFault(error);
      if (code !== "invalid_argument") this.#options.log.warn("could not sign a certificate", { reason });
      throw error;
    }
  }
}

function findByRequest(tx: ReadTx, request: Uint8Array, role: Caller["role"]): Node | undefined {
  for (const node of tx.node.all())
    if (roleOf(node.role) === role && node.certificate && Buffer.from(node.certificate.csr).equals(request))
      return node;
  return undefined;
}

/** The role that a token entitles to, or Fault invalid_argument with SwarmKit's text and what is wrong. */
function entitled(token: string, { rootCa }: Cluster): Caller["role"] {
  const { worker = "", manager = "" } = rootCa?.joinTokens ?? {};
  const verdict = judgeJoinToken(token, { worker, manager });
  switch (verdict.kind) {
    case "valid":
      return verdict.role;
    case "malformed":
      throw refused("the given one is not a join token");
    case "wrong digest":
      throw refused("the given one was made for another root CA");
    case "wrong secret":
      throw refused("the secret of the given one is wrong; it may have been rotated");
    default:
      return verdict satisfies never;
  }
}

function refused(reason: string): Fault {
  return new Fault("invalid_argument", `A valid join token is necessary to join this cluster: ${reason}`);
}

function noManager(): Fault {
  return new Fault(
    "failed_precondition",
    "Cannot join as a manager: the managers of this swarm are Shoal's, and a Docker Engine can be its worker only. Join " +
      'with the token that "docker swarm join-token worker" shows on a manager',
  );
}

function unknownNode(nodeId: string): Fault {
  return new Fault("not_found", `node ${nodeId} not found when attempting to renew certificate`);
}
