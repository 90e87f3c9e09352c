import { describe, expect, it } from "vitest";
import { LogFrames, parseTimestamp, TtyLines } from "./log-frames.ts";

const stamp = "2026-11-21T13:52:32.000000005Z";
const stampNs = 1_795_269_152_000_000_005n;

function frame(stream: number, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

const texts = (lines: readonly { stream: string; data: Uint8Array }[]): string[] =>
  lines.map(line => `${line.stream}: ${Buffer.from(line.data).toString()}`);

describe("log frames", () => {
  const all = Buffer.concat([frame(1, `${stamp}  one\n`), frame(2, `${stamp}  two\n`), frame(1, `${stamp}  \n`)]);

  it.each([1, 3, 8, 20, 1_000])("come out whole, read %i bytes at a time", size => {
    const frames = new LogFrames();
    const lines = [];
    for (let at = 0; at < all.length; at += size) lines.push(...frames.push(all.subarray(at, at + size)));
    expect(texts(lines)).toEqual(["stdout: one\n", "stderr: two\n", "stdout: \n"]);
    expect(lines.every(line => line.timestampNs === stampNs)).toBe(true);
    expect(frames.flush()).toEqual([]);
  });

  it("puts lines together that the engine has cut, each stream by itself", () => {
    const frames = new LogFrames();
    expect(frames.push(frame(1, `${stamp}  begin-`))).toEqual([]);
    expect(texts(frames.push(frame(2, `${stamp}  between\n`)))).toEqual(["stderr: between\n"]);
    expect(texts(frames.push(frame(1, `${stamp}  end\n`)))).toEqual(["stdout: begin-end\n"]);
  });

  it("gives a last line without newline at the end", () => {
    const frames = new LogFrames();
    expect(frames.push(frame(1, `${stamp}  prompt`))).toEqual([]);
    expect(texts(frames.flush())).toEqual(["stdout: prompt"]);
    expect(frames.flush()).toEqual([]);
  });

  it("cuts a line without end at 1 MiB", () => {
    const frames = new LogFrames();
    const piece = "x".repeat(1 << 19);
    expect(frames.push(frame(1, `${stamp}  ${piece}`))).toEqual([]);
    const [line] = frames.push(frame(1, `${stamp}  ${piece}`));
    expect(line!.data.length).toBe(1 << 20);
  });

  it("tells what the log driver adds", () => {
    const [line] = new LogFrames().push(frame(1, `${stamp} colour=light+blue,A%3DB=c%2Cd one two\n`));
    expect(line).toMatchObject({ timestampNs: stampNs, attributes: { colour: "light blue", "A=B": "c,d" } });
    expect(Buffer.from(line!.data).toString()).toBe("one two\n");
  });

  it("shows an error of the engine's own", () => {
    expect(() => new LogFrames().push(frame(3, "Error grabbing logs: disk gone\n"))).toThrow("disk gone");
  });
});

describe("a terminal's log", () => {
  it("has a timestamp before each line and no frames", () => {
    const lines = new TtyLines();
    expect(texts(lines.push(Buffer.from(`${stamp}  one\r\n${stamp}  tw`)))).toEqual(["stdout: one\r\n"]);
    expect(texts(lines.push(Buffer.from("o\r\n")))).toEqual(["stdout: two\r\n"]);
    lines.push(Buffer.from(`${stamp}  $ `));
    expect(texts(lines.flush())).toEqual(["stdout: $ "]);
  });
});

describe("timestamps", () => {
  it.each([
    [stamp, stampNs],
    ["2026-11-21T13:52:32Z", 1_795_269_152_000_000_000n],
    ["2026-11-21T14:52:32.5+01:00", 1_795_269_152_500_000_000n],
    ["yesterday", undefined],
    ["2026-13-99T13:52:32Z", undefined],
  ])("%s", (text, ns) => {
    expect(parseTimestamp(text)).toBe(ns);
  });
});
