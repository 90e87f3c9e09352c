import { Fault } from "../../lib/fault.ts";
import { headerBytes } from "../frames.ts";

/**
 * What managers speak with each other instead of HTTP/2, named in the TLS handshake (ALPN, RFC 7301), for calls with one request
 * and one answer: many at a time on one connection, each frame one message of one call. By gRPC a change takes two and a half times as
 * much of both sides' processors (docs/BENCHMARKS.md), and a manager that does not lead passes every call on.
 *
 * A frame begins with its kind (a byte). The callee greets first, or refuses everything: whom it does not know as a manager is to use
 * gRPC. Every other frame goes on with the call's number (four bytes, big endian), which the caller chooses, and then:
 * - call: /SERVICE/METHOD after its length (a byte), for whom it is made as a JSON object after its length (two bytes), the request;
 * - break: nothing; the caller does not wait for an answer any more;
 * - answer: the message;
 * - failure: a gRPC status code (a byte) and its text.
 */
export const callProtocol = "shoal-calls/1";

const kinds = { call: 1, break: 2, greeting: 3, refusal: 4, answer: 5, failure: 6 } as const;
/** Kind and number. */
const prefixBytes = 5;
/** Of a frame beside the request or the answer in it, at most. */
export const callOverheadBytes = prefixBytes + 1 + 0xff + 2 + 0xffff;

/** What a caller says. */
export type CallerFrame =
  | {
      readonly kind: "call";
      readonly id: number;
      /** /SERVICE/METHOD. */
      readonly path: string;
      /** JSON; empty for a call of the caller's own. */
      readonly forwarding: string;
      readonly request: Buffer;
    }
  | { readonly kind: "break"; readonly id: number };

/** What a callee says. */
export type CalleeFrame =
  | { readonly kind: "greeting" | "refusal" }
  | { readonly kind: "answer"; readonly id: number; readonly message: Buffer }
  | { readonly kind: "failure"; readonly id: number; readonly code: number; readonly text: string };

/** A frame to be sent, with room for its header before it. */
export function encodeCallFrame(frame: CallerFrame | CalleeFrame): Buffer {
  switch (frame.kind) {
    case "greeting":
    case "refusal":
      return begun(frame.kind, 0, 0).bytes;
    case "break":
      return begun(frame.kind, frame.id, 0).bytes;
    case "call": {
      const { path, forwarding, request, id } = frame;
      const forwardingLength = Buffer.byteLength(forwarding);
      const { bytes, at } = begun(frame.kind, id, 1 + path.length + 2 + forwardingLength + request.length);
      let next = bytes.writeUInt8(path.length, at);
      next += bytes.write(path, next, "latin1");
      next = bytes.writeUInt16BE(forwardingLength, next);
      next += bytes.write(forwarding, next);
      bytes.set(request, next);
      return bytes;
    }
    case "answer": {
      const { bytes, at } = begun(frame.kind, frame.id, frame.message.length);
      bytes.set(frame.message, at);
      return bytes;
    }
    case "failure": {
      const { bytes, at } = begun(frame.kind, frame.id, 1 + Buffer.byteLength(frame.text));
      bytes.write(frame.text, bytes.writeUInt8(frame.code, at));
      return bytes;
    }
    default:
      return frame satisfies never;
  }
}

function begun(kind: keyof typeof kinds, id: number, more: number): { bytes: Buffer; at: number } {
  const bytes = Buffer.allocUnsafe(headerBytes + prefixBytes + more);
  bytes.writeUInt8(kinds[kind], headerBytes);
  const at = bytes.writeUInt32BE(id, headerBytes + 1);
  return { bytes, at };
}

/** Reads what a caller said. Fault invalid_argument for anything else. */
export function callerFrame(frame: Buffer): CallerFrame {
  const { kind, id } = prefixOf(frame);
  if (kind === kinds.break) return { kind: "break", id };
  if (kind !== kinds.call) throw unreadable();
  const pathAt = prefixBytes + 1;
  const forwardingAt = pathAt + byteAt(frame, prefixBytes) + 2;
  if (forwardingAt > frame.length) throw unreadable();
  const requestAt = forwardingAt + frame.readUInt16BE(forwardingAt - 2);
  if (requestAt > frame.length) throw unreadable();
  const path = frame.toString("latin1", pathAt, forwardingAt - 2);
  return {
    kind: "call",
    id,
    path,
    forwarding: frame.toString("utf8", forwardingAt, requestAt),
    request: rest(frame, requestAt),
  };
}

/** Reads what a callee said. Fault invalid_argument for anything else. */
export function calleeFrame(frame: Buffer): CalleeFrame {
  const { kind, id } = prefixOf(frame);
  switch (kind) {
    case kinds.greeting:
      return { kind: "greeting" };
    case kinds.refusal:
      return { kind: "refusal" };
    case kinds.answer:
      return { kind: "answer", id, message: rest(frame, prefixBytes) };
    case kinds.failure:
      return { kind: "failure", id, code: byteAt(frame, prefixBytes), text: frame.toString("utf8", prefixBytes + 1) };
    default:
      throw unreadable();
  }
}

function prefixOf(frame: Buffer): { kind: number; id: number } {
  if (frame.length < prefixBytes) throw unreadable();
  return { kind: frame.readUInt8(), id: frame.readUInt32BE(1) };
}

function byteAt(frame: Buffer, at: number): number {
  if (at >= frame.length) throw unreadable();
  return frame.readUInt8(at);
}

/** A copy: what is made of a message has views of it, each of which would keep the many that came in with it. */
function rest(frame: Buffer, from: number): Buffer {
  return Buffer.from(frame.subarray(from));
}

function unreadable(): Fault {
  return new Fault("invalid_argument", "Cannot read a frame: it is none of this protocol");
}
