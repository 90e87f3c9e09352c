import { Fault } from "../../lib/fault.ts";
import type { ByteWriter } from "../../wire/byte-writer.ts";

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

/** Writes a frame's payload. */
export function writeCallFrame(writer: ByteWriter, frame: CallerFrame | CalleeFrame): void {
  switch (frame.kind) {
    case "greeting":
    case "refusal":
      writePrefix(writer, frame.kind, 0);
      return;
    case "break":
      writePrefix(writer, frame.kind, frame.id);
      return;
    case "call": {
      const forwarding = Buffer.from(frame.forwarding);
      writePrefix(writer, frame.kind, frame.id);
      writer.byte(frame.path.length).raw(Buffer.from(frame.path, "latin1"));
      writer.uint16BE(forwarding.length).raw(forwarding).raw(frame.request);
      return;
    }
    case "answer":
      writePrefix(writer, frame.kind, frame.id);
      writer.raw(frame.message);
      return;
    case "failure":
      writePrefix(writer, frame.kind, frame.id);
      writer.byte(frame.code).raw(Buffer.from(frame.text));
      return;
    default:
      frame satisfies never;
  }
}

/** Writes an answer's payload up to its message, which is to follow. */
export function beginAnswer(writer: ByteWriter, id: number): void {
  writePrefix(writer, "answer", id);
}

function writePrefix(writer: ByteWriter, kind: keyof typeof kinds, id: number): void {
  writer.byte(kinds[kind]).uint32BE(id);
}

/** Reads what a caller said, the request as a view of the frame. Fault invalid_argument for anything else. */
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
    request: frame.subarray(requestAt),
  };
}

/** Reads what a callee said, the answer as a view of the frame. Fault invalid_argument for anything else. */
export function calleeFrame(frame: Buffer): CalleeFrame {
  const { kind, id } = prefixOf(frame);
  switch (kind) {
    case kinds.greeting:
      return { kind: "greeting" };
    case kinds.refusal:
      return { kind: "refusal" };
    case kinds.answer:
      return { kind: "answer", id, message: frame.subarray(prefixBytes) };
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

function unreadable(): Fault {
  return new Fault("invalid_argument", "Cannot read a frame: it is none of this protocol");
}
