import { create } from "@bufbuild/protobuf";
import { planeOf } from "../dispatcher/plane/plane-set.ts";
import { assert } from "../lib/assert.ts";
import { same } from "../lib/same.ts";
import { type FeedOptions, followFeed } from "../network/feed.ts";
import { applyMessage, emptyPlane, type Plane } from "../network/plane-state.ts";
import type { Connection } from "../ports/transport.ts";
import type { ReadTx } from "../store/tx.ts";
import {
  type NetworkMessage,
  NetworkMessageSchema,
  NetworkMessage_Type as Type,
} from "../wire/gen/shoal/v1/network_pb.ts";

/** What a node is told of its networks, as its data plane would take it in. */
export class FollowedPlane {
  readonly #options: Omit<FeedOptions, "receive" | "unserved">;
  #current = emptyPlane;

  constructor(options: Omit<FeedOptions, "receive" | "unserved">) {
    this.#options = options;
  }

  get current(): Plane {
    return this.#current;
  }

  readonly follow = (connection: Connection, sessionId: string, signal: AbortSignal): void => {
    const receive = async (message: NetworkMessage): Promise<boolean> => {
      this.#current = applyMessage(this.#current, message);
      return true;
    };
    const unserved = (reason: string): void => assert(false, `every simulated manager serves the feed: ${reason}`);
    void followFeed(connection, sessionId, signal, { ...this.#options, receive, unserved });
  };
}

/** How what a node knows differs from what the swarm's state says. */
export function* planeDifferences(tx: ReadTx, nodeId: string, known: Plane): Iterable<string> {
  const changes = planeOf(tx, nodeId);
  const wanted = applyMessage(emptyPlane, create(NetworkMessageSchema, { type: Type.COMPLETE, changes }));
  for (const kind of ["networks", "nodes", "services", "endpoints"] as const) {
    const [is, should]: ReadonlyMap<string, unknown>[] = [known[kind], wanted[kind]];
    for (const id of new Set([...(is?.keys() ?? []), ...(should?.keys() ?? [])]))
      if (!same(is?.get(id), should?.get(id))) yield `${nodeId} knows another one of ${kind}: ${id}`;
  }
}
