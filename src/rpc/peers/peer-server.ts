import { fromBinary } from "@bufbuild/protobuf";
import { Fault } from "../../lib/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { CallContext, Handlers } from "../../ports/transport.ts";
import { type DeliverRequest, DeliverRequestSchema, type Peers } from "../../wire/gen/shoal/v1/peers_pb.ts";
import { writeFrame } from "../frames.ts";
import { KeepAlive } from "../keep-alive.ts";
import { statusOf, thrownFault } from "../status.ts";
import type { Peer } from "../tls-listener.ts";
import { framesOf } from "./peer-wire.ts";

/** Milliseconds that a caller has to hear how its call ended, and to close. */
const lingerMs = 2_000;

export interface PeerServerOptions {
  readonly handlers: Handlers<typeof Peers>;
  /** Lets the caller in, or throws the Fault that it is refused with. */
  readonly enter: (peer: Peer, signal: AbortSignal) => CallContext;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Serves one connection of a member of the quorum, from its first frame to its end. */
export async function servePeer(peer: Peer, { handlers, enter, log, clock }: PeerServerOptions): Promise<void> {
  const { socket } = peer;
  const gone = new AbortController();
  socket.on("close", () => gone.abort());
  const alive = new KeepAlive(socket, clock);
  let status = { code: 0, details: "" };
  try {
    const context = enter(peer, gone.signal);
    await handlers.deliver(requestsOf(framesOf(socket, alive)), context);
  } catch (error) {
    // A caller that broke off, or was killed, is told nothing, and its end is no mistake of ours.
    if (!socket.destroyed) status = statusOf(thrownFault(error, "shoal.v1.Peers/Deliver", log));
  } finally {
    alive.stop();
  }
  if (socket.writable) writeFrame(socket, Buffer.concat([Uint8Array.of(status.code), Buffer.from(status.details)]));
  // A socket that is closed with something unread resets the connection, and the caller would not hear how its call ended.
  socket.resume();
  const timer = clock.after(lingerMs, () => socket.destroy());
  socket.on("close", () => timer.cancel());
}

async function* requestsOf(frames: AsyncIterable<Uint8Array>): AsyncGenerator<DeliverRequest, void> {
  for await (const frame of frames) yield requestIn(frame);
}

function requestIn(frame: Uint8Array): DeliverRequest {
  try {
    return fromBinary(DeliverRequestSchema, frame);
  } catch (cause) {
    throw new Fault("invalid_argument", "Cannot read a message: it is not protobuf's", { cause });
  }
}
