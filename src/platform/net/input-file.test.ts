import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { withInputFile } from "./input-file.ts";
import { startProgram, successOf } from "./program.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "shoal-files-"));
  vi.stubEnv("TMPDIR", directory);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

it("is what the program reads from its start, by whatever name it opens it, and has no name by then", async () => {
  const run = await withInputFile("one\ntwo\n", input => startProgram("sh", ["-c", "cat /dev/stdin; cat"], input));
  expect(await readdir(directory)).toEqual([]);
  expect(await successOf(run)).toBe("one\ntwo\none\ntwo\n");
});

it("does not hide that the program is not there", async () => {
  const run = await withInputFile("", input => startProgram("no-such-program", [], input));
  await expect(run.outcome).rejects.toMatchObject({ code: "failed_precondition" });
});
