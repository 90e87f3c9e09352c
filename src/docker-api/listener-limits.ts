/** What a listener lets its clients take. */
export interface ListenerLimits {
  /** Bytes of request line and headers. */
  readonly headerBytes: number;
  /** Milliseconds for the headers of a request to come in, from its first byte or the connection's beginning. */
  readonly headersMs: number;
  /** How often connections are looked at for that, milliseconds. */
  readonly checkMs: number;
  /** Milliseconds for a TLS handshake. */
  readonly handshakeMs: number;
  /** Milliseconds a connection may be idle between requests. */
  readonly idleMs: number;
  /** Milliseconds without a byte taken, once all of an answer is there to be read. Streams may pause. */
  readonly stalledMs: number;
  /** Connections at a time and listener; more are refused. */
  readonly connections: number;
}

/*
 * Whole requests have no limit, in time or size: images and build contexts go through here to the engine. Bodies that
 * are for the swarm have their own (request.ts).
 */
export const defaultLimits: ListenerLimits = {
  // `filters` with hundreds of ids go into the path.
  headerBytes: 256 * 1024,
  headersMs: 15_000,
  checkMs: 2_000,
  handshakeMs: 10_000,
  idleMs: 60_000,
  stalledMs: 60_000,
  connections: 2_000,
};
