import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../ports/log.ts";
import type { LogOptions } from "../../ports/runtime.ts";
import { splitLines } from "./raw-output.ts";
import { defaultLogLimits, type LogLimits, TaskLog } from "./task-log.ts";
import { layoutOf, type TaskPaths } from "./task-paths.ts";

let directory: string;
let paths: TaskPaths;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "shoal-log-"));
  const layout = layoutOf(directory);
  paths = layout.task("t1");
  await mkdir(layout.io, { recursive: true });
  await mkdir(paths.root, { recursive: true });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const openLog = (limits: Partial<LogLimits> = {}): Promise<TaskLog> =>
  TaskLog.open(paths, { ...defaultLogLimits, ...limits }, silentLogger);

async function lines(log: TaskLog, options: Partial<LogOptions> = {}): Promise<string[]> {
  const found: string[] = [];
  const defaults = { stdout: true, stderr: true, follow: false, tail: -1, sinceMs: undefined };
  for await (const line of log.read({ ...defaults, signal: new AbortController().signal, ...options }))
    found.push(`${line.stream === "stdout" ? "o" : "e"} ${Buffer.from(line.data).toString()}`);
  return found;
}

describe("splitting output into lines", () => {
  it.each([
    ["a\nb", false, ["a\n"]],
    ["a\nb", true, ["a\n", "b"]],
    ["\n\n", false, ["\n", "\n"]],
    ["", true, []],
  ])("%j, final %s", (text, final, expected) => {
    expect(splitLines(Buffer.from(text), final).lines.map(String)).toEqual(expected);
  });

  it("cuts a line that is too long", () => {
    const { lines: pieces } = splitLines(Buffer.from(`${"x".repeat(20_000)}\n`), false);
    expect(pieces.map(piece => piece.length)).toEqual([16_384, 3_617]);
  });
});

describe("a task's log", () => {
  it("keeps both streams' lines, and a last line without newline once the task has ended", async () => {
    const log = await openLog();
    await appendFile(paths.out, "one\ntw");
    await appendFile(paths.err, "oh\n");
    expect((await lines(log)).sort()).toEqual(["e oh\n", "o one\n"]);
    await appendFile(paths.out, "o\nthree");
    expect(await lines(log, { stderr: false })).toEqual(["o one\n", "o two\n"]);
    await log.end();
    expect(await lines(log, { stderr: false })).toEqual(["o one\n", "o two\n", "o three"]);
  });

  it("reads on where an earlier daemon stopped, also after a torn write", async () => {
    await appendFile(paths.out, "one\ntwo\n");
    await (await openLog()).drain();
    const whole = await readFile(paths.log);
    await writeFile(paths.log, whole.subarray(0, whole.length - 2));
    await appendFile(paths.out, "three\n");
    expect(await lines(await openLog())).toEqual(["o one\n", "o two\n", "o three\n"]);
  });

  it("stays bounded, and keeps what came last", async () => {
    const limits = { fileBytes: 4096, releaseBytes: 4096, backlogBytes: 1 << 20 };
    const log = await openLog(limits);
    for (let round = 0; round < 20; round++) {
      await appendFile(paths.out, Array.from({ length: 100 }, (_, at) => `line ${round * 100 + at}\n`).join(""));
      await log.drain();
    }
    const kept = await lines(log);
    expect(kept.at(-1)).toBe("o line 1999\n");
    expect(kept.length).toBeLessThan(1000);
    expect(new Set(kept).size).toBe(kept.length);
    expect((await stat(paths.log).catch(() => ({ size: 0 }))).size).toBeLessThanOrEqual(limits.fileBytes);
    const raw = await stat(paths.out);
    expect(raw.blocks * 512).toBeLessThan(raw.size);
    expect(await lines(await openLog(limits))).toEqual(kept);
  });

  it("drops the oldest of a backlog that is too long, and says so", async () => {
    await appendFile(paths.out, `${"x".repeat(99)}\n`.repeat(100));
    const log = await openLog({ backlogBytes: 1000 });
    const kept = await lines(log);
    expect(kept[0]).toBe("e shoal: 9000 bytes of stdout came faster than they could be kept and were dropped\n");
    expect(kept).toHaveLength(11);
  });

  it("shows the last lines, or those since a time", async () => {
    await appendFile(paths.out, "1\n2\n3\n");
    const log = await openLog();
    expect(await lines(log, { tail: 2 })).toEqual(["o 2\n", "o 3\n"]);
    expect(await lines(log, { tail: 0 })).toEqual([]);
    expect(await lines(log, { sinceMs: Date.now() + 60_000 })).toEqual([]);
    expect(await lines(log, { sinceMs: Date.now() - 60_000 })).toHaveLength(3);
  });

  it("follows over rotations to the end", async () => {
    const log = await openLog({ fileBytes: 2000 });
    await appendFile(paths.out, "line 0\n");
    const followed = lines(log, { follow: true });
    const expected = ["o line 0\n"];
    for (let at = 1; at < 200; at++) {
      await appendFile(paths.out, `line ${at}\n`);
      await log.drain();
      expected.push(`o line ${at}\n`);
      // The reader gets its turn: one that is slower than two files fill may skip.
      if (at % 10 === 0) await new Promise(resolve => setImmediate(resolve));
    }
    await log.end();
    expect(await followed).toEqual(expected);
  });
});
