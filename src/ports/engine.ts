import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/**
 * The door to the node's own Docker Engine, for everything that is not the swarm's. With the embedded runtime there is
 * none: then requests are answered 503 with the reason, and lists show what the embedded runtime has.
 */
export interface Engine {
  /** Whether a real engine is behind it, and its newest API version (like "1.41"). */
  version(): Promise<EngineVersion>;
  /** A GET whose JSON answer is wanted, for answers we merge (`/info`, `/networks`, …). `path` without version. Faults. */
  getJson(path: string): Promise<unknown>;
  /** A DELETE of ours. `path` without version. Faults. */
  remove(path: string): Promise<void>;
  /**
   * Hands a request through as it is, version in the path rewritten, streaming both ways. `body` replaces a body that
   * was read already.
   */
  handThrough(request: IncomingMessage, response: ServerResponse, body?: Uint8Array): void;
  /** Hands an upgraded (hijacked) connection through, half-close included. */
  handThroughUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The engine's own events as they come, parsed, from `sinceSeconds` on where given; ends when `signal` aborts. */
  events(query: URLSearchParams, signal: AbortSignal): AsyncIterable<Record<string, unknown>>;
}

export interface EngineVersion {
  readonly present: boolean;
  /** Newest API version; "1.50" when there is no engine. */
  readonly api: string;
  /** Like "20.10.24+dfsg1". */
  readonly engine: string;
}
