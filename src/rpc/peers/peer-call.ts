import type { TLSSocket } from "node:tls";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { onAbort } from "../../lib/bell.ts";
import { Fault, faultCodeOf } from "../../lib/fault.ts";
import {
  type DeliverRequestSchema,
  type DeliverResponse,
  DeliverResponseSchema,
} from "../../wire/gen/shoal/v1/peers_pb.ts";
import { FrameWriter } from "../frames.ts";
import { KeepAlive } from "../keep-alive.ts";
import { type DialOptions, dialTls } from "../tls-dial.ts";
import { writeDeliverRequest } from "./deliver-codec.ts";
import { framesOf, peerProtocol, writeEnd } from "./peer-wire.ts";

export type DeliverRequests = AsyncIterable<MessageInitShape<typeof DeliverRequestSchema>>;

/**
 * shoal.v1.Peers/Deliver over a connection of its own. Faults: unimplemented when the other side does not know this way,
 * what it ended the call with, or unavailable.
 */
export async function deliverToPeer(options: DialOptions, requests: DeliverRequests): Promise<DeliverResponse> {
  const { address, clock, signal } = options;
  const socket = await dialTls(options, peerProtocol);
  const unhook = onAbort(signal, () => socket.destroy());
  const alive = new KeepAlive(socket, clock);
  const iterator = requests[Symbol.asyncIterator]();
  void feed(socket, iterator);
  try {
    for await (const frame of framesOf(socket, alive)) return outcome(frame);
    throw broken(address, "it ended");
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw broken(address, error instanceof Error ? error.message : String(error));
  } finally {
    alive.stop();
    unhook();
    socket.destroy();
    void iterator.return?.();
  }
}

/** Sends the caller's messages as fast as the other side takes them. */
async function feed(
  socket: TLSSocket,
  requests: AsyncIterator<MessageInitShape<typeof DeliverRequestSchema>>,
): Promise<void> {
  const frames = new FrameWriter(socket);
  for (let next = await requests.next(); !next.done && !socket.destroyed; next = await requests.next()) {
    const { value } = next;
    frames.send(writer => writeDeliverRequest(writer, value));
    if (!frames.flush() && !socket.destroyed) await drained(socket);
  }
  if (!socket.destroyed) writeEnd(socket);
}

/** Resolves when the socket takes more, or never will again. */
function drained(socket: TLSSocket): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}

function outcome(frame: Uint8Array): DeliverResponse {
  const [code = 0] = frame;
  if (code === 0) return create(DeliverResponseSchema);
  throw new Fault(faultCodeOf(code), new TextDecoder().decode(frame.subarray(1)));
}

function broken(address: string, why: string): Fault {
  return new Fault("unavailable", `the connection to ${address} broke: ${why}`);
}
