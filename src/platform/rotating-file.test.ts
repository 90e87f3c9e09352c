import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { type Logger, silentLogger } from "../ports/log.ts";
import { systemClock } from "./clock.ts";
import { RotatingFile, type RotatingFileOptions } from "./rotating-file.ts";

describe("RotatingFile", () => {
  let directory: string;
  let path: string;
  let complaints: object[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "shoal-audit-"));
    path = join(directory, "deep", "audit.log");
    complaints = [];
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const log: Logger = { ...silentLogger, error: (message, fields) => void complaints.push({ message, ...fields }) };
  const lossNote = (lost: number): string => `lost ${lost}`;
  const open = (more: Partial<RotatingFileOptions> = {}): Promise<RotatingFile> =>
    RotatingFile.open({ path, maxBytes: 1_000_000, maxFiles: 3, lossNote, clock: systemClock, log, ...more });
  const read = (suffix = ""): string => readFileSync(path + suffix, "utf8");

  it("goes on where it was, in order, and lets nobody else read", async () => {
    const first = await open();
    for (let number = 0; number < 1_000; number++) first.write(`line ${number}`);
    await first.close();
    const second = await open();
    second.write("last");
    await second.close();
    expect(read().split("\n")).toEqual([...Array.from({ length: 1_000 }, (_, number) => `line ${number}`), "last", ""]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("begins anew when it is large, and keeps so many files", async () => {
    for (let number = 1; number <= 5; number++) {
      const file = await open({ maxBytes: 10 });
      file.write(`number ${number}!`);
      await file.close();
    }
    expect([read(), read(".1"), read(".2")]).toEqual(["number 5!\n", "number 4!\n", "number 3!\n"]);
    expect(existsSync(`${path}.3`)).toBe(false);
  });

  it("keeps one file if that is wanted", async () => {
    const file = await open({ maxBytes: 1, maxFiles: 1 });
    for (const line of ["a", "b", "c"]) {
      file.write(line);
      await expect.poll(() => read()).toBe(`${line}\n`);
    }
    await file.close();
    expect(existsSync(`${path}.1`)).toBe(false);
  });

  it.skipIf(!existsSync("/dev/full"))(
    "waits for a disk that is full, says so, and then tells what is missing",
    async () => {
      const file = await open({ maxBytes: 1 });
      file.write("before");
      await expect.poll(() => read()).toBe("before\n");
      // What is begun next goes to a disk that is full.
      await symlink("/dev/full", `${path}.full`);
      await rm(path);
      await symlink("/dev/full", path);
      const full = await open({ maxBytes: 1_000 });
      const long = "x".repeat(1024 * 1024);
      for (const name of ["a", "b", "c", "d"]) full.write(name + long);
      await expect.poll(() => complaints.length).toBe(1);
      expect(complaints).toEqual([
        expect.objectContaining({
          message: "cannot write the audit log",
          path,
          error: expect.stringMatching(/ENOSPC/),
        }),
      ]);
      await rm(path);
      await expect.poll(() => existsSync(path) && read().endsWith("lost 1\n"), { timeout: 20_000 }).toBe(true);
      const lines = read().split("\n");
      expect(lines.map(line => line.slice(0, 6))).toEqual(["axxxxx", "bxxxxx", "cxxxxx", "lost 1", ""]);
      full.write("after");
      await full.close();
      await file.close();
      expect(read()).toBe("after\n");
      expect(complaints).toHaveLength(1);
    },
  );

  it("ends although the disk is full", async () => {
    if (!existsSync("/dev/full")) return;
    path = "/dev/full";
    const file = await open();
    file.write("a");
    await file.close();
    expect(complaints).toHaveLength(1);
  });

  it("says at the start when it cannot be", async () => {
    path = directory;
    await expect(open()).rejects.toThrow(
      new Fault("invalid_argument", `Cannot write "${path}": EISDIR: illegal operation on a directory, open '${path}'`),
    );
  });
});
