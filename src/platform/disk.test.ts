import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { diskContract } from "../ports/disk.test-kit.ts";
import { systemDisk } from "./disk.ts";

const made: string[] = [];

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "shoal-disk-"));
  made.push(directory);
  return directory;
}

afterAll(() => Promise.all(made.map(path => rm(path, { recursive: true, force: true }))));

diskContract("the system's file system", async () => ({ disk: systemDisk, directory: await newDirectory() }));

it("keeps what it writes to its owner", async () => {
  const directory = await newDirectory();
  await systemDisk.replace(join(directory, "key"), new Uint8Array(1));
  await (await systemDisk.openAppend(join(directory, "log"))).close();
  for (const name of ["key", "log"]) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
});

it("names the file and the reason in its faults", async () => {
  const path = join(await newDirectory(), "missing", "file");
  await expect(systemDisk.replace(path, new Uint8Array(1))).rejects.toMatchObject({
    code: "not_found",
    message: expect.stringContaining(`Cannot write "${path}": ENOENT`),
  });
});
