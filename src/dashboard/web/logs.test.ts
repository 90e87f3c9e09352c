import { describe, expect, it } from "vitest";
import { readFrames } from "./logs.ts";

function frame(stream: number, text: string): Uint8Array {
  const body = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + body.length);
  bytes[0] = stream;
  new DataView(bytes.buffer).setUint32(4, body.length);
  bytes.set(body, 8);
  return bytes;
}

const details = "com.docker.swarm.node.id=n1,com.docker.swarm.service.id=s1,com.docker.swarm.task.id=t1";
const line = frame(2, `2026-11-21T10:00:00.5Z ${details} größer, a=b\r\n`);

describe("a log's pieces", () => {
  it("say whose line it is, when and where it was written", () => {
    expect(readFrames(line)).toEqual({
      lines: [{ stream: "stderr", time: "2026-11-21T10:00:00.5Z", taskId: "t1", nodeId: "n1", text: "größer, a=b" }],
      left: new Uint8Array(),
    });
  });

  it.each([0, 3, 8, 20, line.length - 1])("wait for the rest after %i bytes", length => {
    const both = new Uint8Array([...line, ...line.subarray(0, length)]);
    const { lines, left } = readFrames(both);
    expect([lines.length, left.length]).toEqual([1, length]);
    expect(readFrames(new Uint8Array([...left, ...line.subarray(length)])).lines).toEqual(lines);
  });
});
