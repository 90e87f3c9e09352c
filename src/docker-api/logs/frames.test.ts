import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { LogMessageSchema, LogStream } from "../../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { errorLine, type LineStyle, logLine } from "./frames.ts";

const message = create(LogMessageSchema, {
  context: { nodeId: "qvmv", serviceId: "ieom", taskId: "9n5n" },
  timestamp: { seconds: 1_795_262_544n, nanos: 528_834_300 },
  stream: LogStream.STDERR,
  data: Buffer.from("err\n"),
});
const own = "com.docker.swarm.node.id=qvmv,com.docker.swarm.service.id=ieom,com.docker.swarm.task.id=9n5n";
const plain: LineStyle = { framed: false, timestamps: false, details: false };

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

describe("a line of a log", () => {
  it.each<[LineStyle, string]>([
    [plain, "err\n"],
    [{ ...plain, timestamps: true }, "2026-11-21T12:02:24.528834300Z err\n"],
    [{ ...plain, details: true }, `${own} err\n`],
    [{ ...plain, timestamps: true, details: true }, `2026-11-21T12:02:24.528834300Z ${own} err\n`],
  ])("in style %j", (style, shown) => {
    expect(text(logLine(message, style))).toBe(shown);
  });

  it("is framed with its stream's number and its length", () => {
    const bytes = Buffer.from(logLine(message, { ...plain, framed: true, details: true }) ?? []);
    expect([...bytes.subarray(0, 8)]).toEqual([2, 0, 0, 0, 0, 0, 0, own.length + 5]);
    expect(bytes.subarray(8).toString()).toBe(`${own} err\n`);
    const stdout = logLine({ ...message, stream: LogStream.STDOUT }, { ...plain, framed: true });
    expect(stdout?.[0]).toBe(1);
  });

  it("keeps bytes that are no text", () => {
    const data = new Uint8Array([0xff, 0xfe, 0x00, 0x0a]);
    expect([...(logLine({ ...message, data }, plain) ?? [])]).toEqual([...data]);
  });

  it("lists what the driver adds in order, escaped, and lets nothing pass for the cluster's own", () => {
    const attrs = [
      { key: "zone", value: "a b&c" },
      { key: "com.docker.swarm.node.id", value: "forged" },
      { key: "App", value: "x=1,y'\ud800" },
    ].map(attr => ({ ...attr, $typeName: "docker.swarmkit.v1.LogAttr" as const }));
    const shown = text(logLine({ ...message, attrs }, { ...plain, details: true }));
    expect(shown).toBe(`App=x%3D1%2Cy%27%EF%BF%BD,${own},zone=a+b%26c err\n`);
  });

  it("of no known stream is not shown", () => {
    expect(logLine({ ...message, stream: LogStream.UNKNOWN }, plain)).toBeUndefined();
  });

  it("that is the daemon's own goes into the stream of errors", () => {
    const bytes = Buffer.from(errorLine("node is gone", { ...plain, framed: true }));
    expect(bytes[0]).toBe(3);
    expect(bytes.subarray(8).toString()).toBe("Error grabbing logs: node is gone\n");
    expect(text(errorLine("node is gone", plain))).toBe("Error grabbing logs: node is gone\n");
  });
});
