import type { TLSSocket } from "node:tls";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { framed } from "../../src/rpc/calls/call-frames.test-kit.ts";
import { callHeaders, flag, frame, frameType, magic } from "../../src/rpc/http2-frames.test-kit.ts";
import { DeliverRequestSchema } from "../../src/wire/gen/shoal/v1/peers_pb.ts";
import { anyMessage } from "./message.ts";
import type { Mutator } from "./mutator.ts";
import type { Outcome } from "./outcome.ts";
import { isTrusted } from "./rpc-inputs.ts";

/** A connection that says nothing for this long after all was sent is let go of: it may wait for more. */
const quietMs = 150;
const connectLimitMs = 60_000;
const largestPart = 64;
/** No message of any kind. */
const unreadable = Buffer.of(0xff);

/** Bytes of HTTP/2 (RFC 9113): a greeting and one call, of which anything may be changed. */
export function http2Bytes(path: string, body: Uint8Array, mutator: Mutator): Buffer {
  const frames = [
    frame(frameType.settings, 0, 0, Buffer.alloc(0)),
    frame(frameType.headers, flag.endHeaders, 1, callHeaders(path)),
    frame(frameType.data, flag.endStream, 1, body),
    frame(frameType.ping, 0, 0, Buffer.alloc(8)),
  ];
  if (mutator.chance(0.3)) frames.splice(mutator.below(4), 1, anyFrame(mutator));
  if (mutator.chance(0.3)) frames.push(anyFrame(mutator));
  const bytes = Buffer.concat([magic, ...frames]);
  if (mutator.chance(0.2)) return bytes;
  return mutator.chance(0.8)
    ? Buffer.concat([magic, mutator.bytes(bytes.subarray(magic.length))])
    : mutator.bytes(bytes);
}

function anyFrame(mutator: Mutator): Buffer {
  const payload = Buffer.from(mutator.random.bytes(mutator.below(40)));
  return frame(mutator.below(12), mutator.below(256), mutator.one([0, 1, 3, 5, 2 ** 31 - 1]), payload);
}

/** What managers say to each other: frames with a length each. From a manager nothing that can be read: see `rpcInput`. */
export function peerBytes(role: string, mutator: Mutator): Buffer {
  const frames: Buffer[] = [];
  for (let count = 1 + mutator.below(3); count > 0; count--) {
    let body = Buffer.from(toBinary(DeliverRequestSchema, anyMessage(DeliverRequestSchema, mutator) as never));
    while (role === "manager" ? isDelivery(body) : mutator.chance(0.3)) body = mutator.bytes(body) as never;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    frames.push(Buffer.concat([length, body]));
  }
  const end = Buffer.alloc(4, 0xff);
  const bytes = Buffer.concat(mutator.chance(0.5) ? [...frames, end] : frames);
  return role !== "manager" && mutator.chance(0.3) ? mutator.bytes(bytes) : bytes;
}

/** Calls between managers: one, perhaps more with its number or another, and what breaks them off. */
export function callBytes(role: string, path: string, request: Buffer, mutator: Mutator): Buffer {
  const trusted = isTrusted(role, path.slice(1));
  const frames: Buffer[] = [];
  for (let count = 1 + mutator.below(3); count > 0; count--) {
    const id = mutator.below(3);
    const forwarding = mutator.chance(0.7) ? "" : mutator.one(["{}", "null", '{"caller":{}}', mutator.text()]);
    const call = { kind: "call", id, forwarding, path: path.slice(0, 255) } as const;
    frames.push(framed({ ...call, request: trusted ? unreadable : request }));
    if (mutator.chance(0.2)) frames.push(framed({ kind: "break", id }));
  }
  const bytes = Buffer.concat(frames);
  return trusted || mutator.chance(0.3) ? bytes : mutator.bytes(bytes);
}

function isDelivery(body: Uint8Array): boolean {
  try {
    fromBinary(DeliverRequestSchema, body);
    return true;
  } catch {
    return false;
  }
}

/** Sends bytes in parts, and tells how that ended. */
export function pour(socket: TLSSocket, kind: string, bytes: Buffer, mutator: Mutator): Promise<Outcome> {
  return new Promise(resolve => {
    let heard = 0;
    const finish = (answer: string, finding?: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ kind, answer, ...(finding !== undefined && { finding }) });
    };
    let timer = setTimeout(() => finish("not let in", "no connection can be made"), connectLimitMs);
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => finish(heard > 0 ? "answered, open" : "open"), quietMs);
    };
    socket.on("data", chunk => {
      heard += chunk.length;
      wait();
    });
    socket.on("error", () => finish("closed"));
    socket.on("close", () => finish(heard > 0 ? "answered, closed" : "closed"));
    socket.on("secureConnect", () => {
      const part = mutator.chance(0.5) ? bytes.length || 1 : 1 + mutator.below(largestPart);
      for (let at = 0; at < bytes.length; at += part) socket.write(bytes.subarray(at, at + part));
      if (mutator.chance(0.5)) socket.end();
      wait();
    });
  });
}
