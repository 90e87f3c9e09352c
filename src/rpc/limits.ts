/*
 * Limits of the transport. A message larger than its limit fails the call with resource_exhausted; what is beyond a
 * limit on connections is refused before TLS costs anything.
 */

/** Bytes of one message that a manager takes from a node of its swarm. Snapshots travel in parts below this. */
export const maxRequestBytes = 16 << 20;
/** Bytes of one message that a manager takes from a caller who proved nothing; a certificate request has 500. */
export const maxStrangerRequestBytes = 64 << 10;
/** Bytes of one answer that a node takes from a manager it trusts: a list of 100,000 tasks has about 100 MB. */
export const maxResponseBytes = 256 << 20;
/** Bytes of one answer that a joining node takes. */
export const maxStrangerResponseBytes = 1 << 20;

/** Calls in flight over one connection. */
export const maxConcurrentStreams = 1_024;
/** The same of a manager, which passes on what its agents have open: four streams each. */
export const maxForwardedStreams = 60_000;
export const maxStrangerStreams = 16;

/** Connections of one listener, all callers together. */
export const maxConnections = 20_000;
/** Connections of one listener whose callers have no certificate. */
export const maxStrangers = 1_024;
/** A connection of such a caller without calls is cut after this. */
export const strangerIdleMs = 60_000;
/** From connecting to the end of the TLS handshake. */
export const handshakeTimeoutMs = 10_000;

/**
 * Each side pings when a connection was silent for `keepaliveTimeMs`, and gives it up when nothing comes back for
 * `keepaliveTimeoutMs`: a dead peer is noticed within 10 s. A Go server with default settings thinks that this is too
 * often and says so; the client then doubles its period.
 */
export const keepaliveTimeMs = 6_000;
export const keepaliveTimeoutMs = 4_000;

/** How long a call waits for a connection that is being made. */
export const connectTimeoutMs = 10_000;
/** Pause between attempts to connect, doubling from the first to the second. */
export const initialBackoffMs = 200;
export const maxBackoffMs = 3_000;

/** How long a reset may come after the end of a caller's stream and still mean that it was broken off. */
export const endGraceMs = 10;

/** Characters of an error text that travel; headers must stay small. */
export const maxStatusTextLength = 4_096;
