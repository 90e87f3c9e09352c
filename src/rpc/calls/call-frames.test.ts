import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import { FrameReader } from "../frames.ts";
import { framed } from "./call-frames.test-kit.ts";
import { type CalleeFrame, type CallerFrame, calleeFrame, callerFrame } from "./call-frames.ts";

const limit = 1_000;

/** What a reader makes of bytes that arrive in pieces of `size`. */
function framesIn(bytes: Buffer, size: number): Buffer[] {
  const reader = new FrameReader(limit);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) frames.push(...reader.read(bytes.subarray(at, at + size)));
  return frames;
}

describe("frames of calls", () => {
  it.each<CallerFrame>([
    { kind: "call", id: 1, path: "a.B/C", forwarding: "", request: Buffer.alloc(0) },
    { kind: "call", id: 2 ** 32 - 1, path: "a.B/C", forwarding: '{"x":"ü"}', request: Buffer.from("request") },
    { kind: "break", id: 7 },
  ])("come back as a caller said them: %j", said => {
    for (const size of [1, 3, 1_000]) expect(framesIn(framed(said), size).map(callerFrame)).toEqual([said]);
  });

  it.each<CalleeFrame>([
    { kind: "greeting" },
    { kind: "refusal" },
    { kind: "answer", id: 3, message: Buffer.alloc(0) },
    { kind: "answer", id: 4, message: Buffer.from([0, 255]) },
    { kind: "failure", id: 5, code: 14, text: "☃ gone" },
  ])("come back as a callee said them: %j", said => {
    for (const size of [1, 3, 1_000]) expect(framesIn(framed(said), size).map(calleeFrame)).toEqual([said]);
  });

  it.each([
    ["no prefix", Buffer.from([1, 0, 0])],
    ["a kind that there is not", Buffer.from([9, 0, 0, 0, 1])],
    ["a kind of the other side", Buffer.from([5, 0, 0, 0, 1])],
    ["no path", Buffer.from([1, 0, 0, 0, 1])],
    ["a path that is cut off", Buffer.from([1, 0, 0, 0, 1, 200, 65, 66])],
    ["a forwarding that is cut off", Buffer.from([1, 0, 0, 0, 1, 1, 65, 0xff, 0xff, 66])],
  ])("are refused with %s", (_, frame) => {
    expect(() => callerFrame(frame)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  it("are read or refused, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        for (const read of [callerFrame, calleeFrame])
          try {
            read(Buffer.from(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(Fault);
          }
      }),
    );
  });

  it("are not put together beyond their limit", () => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(limit + 1);
    expect(() => framesIn(header, 1)).toThrow(expect.objectContaining({ code: "resource_exhausted" }));
  });
});
