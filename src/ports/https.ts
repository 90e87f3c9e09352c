/** An HTTPS server that is no part of the swarm, and who vouches for it. */
export interface HttpsServer {
  /** With the scheme https. */
  readonly url: string;
  /** Root certificates (PEM), one of which the server's has to be under. */
  readonly rootPem: string;
}

export interface HttpsLimits {
  /** Milliseconds from the first attempt to connect to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Bytes of the answer's body. */
  readonly maxBytes: number;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * The door to HTTPS servers outside the swarm, which this node shows its certificate. Fault unavailable when a server is
 * not reached, not to be believed, or exceeds a limit; the message says which.
 */
export interface HttpsClient {
  /** Posts JSON; resolves with whatever the server answers. */
  post(server: HttpsServer, json: string, limits: HttpsLimits): Promise<HttpsAnswer>;
  /** Connects and hangs up: resolves when the server is there and what it ought to be. */
  greet(server: HttpsServer, timeoutMs: number): Promise<void>;
}
