import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeWhole } from "./whole-file.ts";

describe("writing a file whole", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "shoal-cli-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("replaces what was there, for its owner alone", async () => {
    const path = join(directory, "swarm.backup");
    await writeFile(path, "a longer one from last week", { mode: 0o644 });
    await writeWhole(path, Buffer.from("new"));
    expect(await readFile(path, "utf8")).toBe("new");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(["swarm.backup"]);
  });

  it("says in one line where it cannot", async () => {
    const path = join(directory, "nowhere", "swarm.backup");
    await expect(writeWhole(path, Buffer.from("new"))).rejects.toThrow(`Cannot write "${path}": ENOENT`);
  });
});
