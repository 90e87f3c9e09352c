import { constants } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type TLSSocket, type TlsOptions } from "node:tls";
import { Fault, type FaultCode } from "../lib/fault.ts";
import type { Credentials } from "../pki/credentials.ts";
import type { IdentitySource } from "../pki/live-identity.ts";
import { identityOf } from "../pki/subject.ts";
import type { Logger } from "../ports/log.ts";
import type { Caller } from "../ports/transport.ts";
import { formatAddress, parseAddress } from "./address.ts";
import { callProtocol } from "./calls/call-frames.ts";
import { handshakeTimeoutMs, maxConnections, maxStrangers } from "./limits.ts";
import { peerProtocol } from "./peers/peer-wire.ts";

/** One connection after its handshake, and who is at its other end: found out once, it does not change. */
export interface Peer {
  readonly socket: TLSSocket;
  /** Undefined for a caller without a certificate, or with one that is expired or not under a trusted root. */
  readonly caller: Caller | undefined;
  /** IP address. */
  readonly address: string;
  /** IP:PORT. */
  readonly endpoint: string;
}

export interface TlsListenerOptions {
  /** HOST:PORT. */
  readonly address: string;
  readonly identity: IdentitySource;
  readonly log: Logger;
  /** Called with each new peer; from then on its connection is the callee's. */
  readonly accept: (peer: Peer) => void;
}

/**
 * Accepts TLS connections on one address, from callers with and without a certificate, and finds out who they are.
 * New credentials take effect for the connections that come after.
 */
export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #server: Server;
  /** By IP:PORT of the other end. */
  readonly #peers = new Map<string, Peer>();
  #strangers = 0;
  #isClosing = false;
  #address = "";
  #stopFollowing: () => void = () => {};

  private constructor(options: TlsListenerOptions, credentials: Credentials) {
    this.#options = options;
    this.#server = createServer({
      ...contextOptions(credentials),
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2", peerProtocol, callProtocol],
      handshakeTimeout: handshakeTimeoutMs,
      noDelay: true,
    });
    this.#server.maxConnections = maxConnections;
    this.#server.on("tlsClientError", error => options.log.debug("a TLS handshake failed", { error: error.message }));
    this.#server.on("secureConnection", socket => this.#admit(socket));
  }

  /** Listens, or rejects with a Fault that names the address and the reason. */
  static async open(options: TlsListenerOptions): Promise<TlsListener> {
    const { address, identity } = options;
    const target = parseAddress(address);
    const credentials = identity.current();
    if (!credentials)
      throw new Fault("failed_precondition", `Cannot listen on ${address}: this node has no certificate`);
    const listener = new TlsListener(options, credentials);
    await listener.#listen(target);
    return listener;
  }

  /** HOST as asked for, and the port that is really listened on. */
  get address(): string {
    return this.#address;
  }

  /** The peer at IP:PORT, as long as its connection lasts. */
  peer(endpoint: string): Peer | undefined {
    return this.#peers.get(endpoint);
  }

  /** Cuts every connection of that node. */
  disconnect(nodeId: string): void {
    for (const { socket, caller } of this.#peers.values()) if (caller?.nodeId === nodeId) socket.destroy();
  }

  /** Stops listening and cuts every connection, also those whose handshake ends only now. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopFollowing();
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    for (const { socket } of this.#peers.values()) socket.destroy();
    await closed;
  }

  #listen(target: { host: string; port: number }): Promise<void> {
    const { address, identity, log } = this.#options;
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(listenFault(address, error));
      this.#server.once("error", failed);
      this.#server.listen(target, () => {
        this.#server.off("error", failed);
        this.#address = formatAddress(target.host, (this.#server.address() as AddressInfo).port);
        this.#server.on("error", error => log.error("the listener failed", { address, error }));
        this.#stopFollowing = identity.onChange(() => {
          const renewed = identity.current();
          if (renewed) this.#server.setSecureContext(contextOptions(renewed));
        });
        resolve();
      });
    });
  }

  #admit(socket: TLSSocket): void {
    const { log, accept } = this.#options;
    const { remoteAddress, remotePort } = socket;
    socket.on("error", error => log.debug("a connection broke", { peer: remoteAddress, error: error.message }));
    if (remoteAddress === undefined || this.#isClosing) return void socket.destroy();
    const caller = socket.authorized ? identityOf(socket.getPeerCertificate().subject ?? {}) : undefined;
    if (!caller && this.#strangers >= maxStrangers) {
      log.warn("too many connections without a certificate", { peer: remoteAddress, limit: maxStrangers });
      return void socket.destroy();
    }
    const endpoint = `${remoteAddress}:${remotePort}`;
    const peer: Peer = { socket, caller, address: remoteAddress, endpoint };
    this.#peers.set(endpoint, peer);
    if (!caller) this.#strangers++;
    socket.on("close", () => {
      if (this.#peers.get(endpoint) === peer) this.#peers.delete(endpoint);
      if (!caller) this.#strangers--;
    });
    accept(peer);
  }
}

function contextOptions({ certificatePem, keyPem, rootPem }: Credentials): TlsOptions {
  return {
    cert: certificatePem,
    key: keyPem,
    ca: rootPem,
    minVersion: "TLSv1.2",
    // A resumed session would bring back an identity that was verified under an earlier root.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

function listenFault(address: string, error: NodeJS.ErrnoException): Fault {
  const fault = (code: FaultCode, reason: string): Fault =>
    new Fault(code, `Cannot listen on ${address}: ${reason}`, { cause: error });
  switch (error.code) {
    case "EADDRINUSE":
      return fault("failed_precondition", "the address is already in use");
    case "EADDRNOTAVAIL":
      return fault("invalid_argument", "this machine has no such address");
    case "EACCES":
      return fault("permission_denied", "permission denied");
    default:
      return fault("unavailable", error.message);
  }
}
