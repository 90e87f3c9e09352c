import type { IncomingMessage } from "node:http";
import type { Static, TSchema } from "typebox";
import type { Clock } from "../ports/clock.ts";
import type { ContainerNetworks } from "../ports/container-networks.ts";
import type { Engine } from "../ports/engine.ts";
import type { Logger } from "../ports/log.ts";
import type { Client } from "../ports/transport.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Answer } from "./answer.ts";
import type { SwarmBackend } from "./backend.ts";
import type { ApiVersion } from "./versions.ts";

/** What every route has, whatever the request: the façade's doors. */
export interface Doors {
  readonly backend: SwarmBackend;
  readonly engine: Engine;
  /** How the engine's own containers come to the swarm's networks; undefined while they cannot. */
  readonly containerNetworks?: () => ContainerNetworks | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One request, as a route's handler sees it. */
export interface RouteContext extends Doors {
  /** Parameters from the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The version the client speaks: from the path, else the newest. */
  readonly version: ApiVersion;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  readonly request: IncomingMessage;
  /**
   * The cluster's API for this request. Throws Docker's 503 texts when this node is no manager. Its faults come as
   * Faults whose message has gRPC's prefix, ready to be answered.
   */
  control(): Client<typeof Control>;
  /** The JSON body, checked against `schema`; members that are null count as absent. 400 with Docker's texts. */
  parse<S extends TSchema>(schema: S): Promise<Static<S>>;
  /** The body as it came, bounded; may be asked for more than once. */
  bytes(): Promise<Uint8Array>;
  /** Gives the request to the node's engine as it is, also when its body has been read already, or with another body. */
  handThrough(body?: Uint8Array): Promise<Answer>;
}
