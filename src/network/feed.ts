import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault } from "../lib/fault.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Connection } from "../ports/transport.ts";
import { NetworkFeed, type NetworkMessage } from "../wire/gen/shoal/v1/network_pb.ts";

/** Between tries to follow the feed within one session. */
const followBackoff: Backoff = { firstMs: 250, longestMs: 8_000 };
const confirmTimeoutMs = 10_000;

export interface FeedOptions {
  /** Takes the message in at once; resolves with true when it is in force on this node, with false when a later one is waited for. */
  readonly receive: (message: NetworkMessage) => Promise<boolean>;
  /** The manager has nothing to say of networks, ever. */
  readonly unserved: (reason: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Hands on what a manager says of this node's networks, for as long as the session with it lasts. */
export async function followFeed(
  connection: Connection,
  sessionId: string,
  signal: AbortSignal,
  { receive, unserved, clock, random, log }: FeedOptions,
): Promise<void> {
  const confirm = async (number: bigint): Promise<void> => {
    try {
      await connection.client(NetworkFeed).confirm({ sessionId, number }, { signal, timeoutMs: confirmTimeoutMs });
    } catch (error) {
      // A manager that has not got it waits for a later one, and not for ever.
      if (!signal.aborted) log.debug("cannot confirm what is in force", { reason: asFault(error).message });
    }
  };
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      const messages = connection.client(NetworkFeed).watch({ sessionId }, { signal });
      for await (const message of messages) {
        const inForce = receive(message);
        if (message.confirm > 0n) void inForce.then(isSo => (isSo ? confirm(message.confirm) : undefined));
        attempt = 1;
      }
    } catch (error) {
      const { code, message } = asFault(error);
      if (signal.aborted) return;
      // A stock engine leads. This node keeps the networks it has.
      if (code === "unimplemented") {
        unserved("the swarm's leader is a stock Docker Engine, whose overlay networks Shoal's nodes have no part in");
        return;
      }
      log.info("the feed of this node's networks broke off", { code, reason: message });
    }
    await sleep(clock, backoffMs(followBackoff, attempt, random.float()), signal);
  }
}
