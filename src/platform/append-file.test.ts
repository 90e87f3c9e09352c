import { constants } from "node:fs";
import { type FileHandle, mkdtemp, open, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { appendFlags, SystemAppendFile } from "./append-file.ts";

const reserveBytes = 64 * 1024;
const made: string[] = [];

async function newFile(): Promise<{ path: string; handle: FileHandle }> {
  const directory = await mkdtemp(join(tmpdir(), "shoal-append-"));
  made.push(directory);
  const path = join(directory, "log");
  return { path, handle: await open(path, appendFlags(reserveBytes) | constants.O_CREAT) };
}

afterAll(() => Promise.all(made.map(path => rm(path, { recursive: true, force: true }))));

/** What a file holds whose appends are one letter each, `bytes` long. */
const letters = (count: number, bytes: number) =>
  Buffer.concat(Array.from({ length: count }, (_, at) => Buffer.alloc(bytes, 0x61 + at)));

it("has the room that it reserves on the disk, and never writes zeros over what was appended", async () => {
  const { path, handle } = await newFile();
  const file = new SystemAppendFile({ path, file: handle, size: 0, reserved: 0, reserveBytes });
  const chunkBytes = 20_000;
  for (let at = 0; at < 26; at++) await file.append([Buffer.alloc(chunkBytes, 0x61 + at)]);
  const content = await readFile(path);
  expect(content.subarray(0, file.size).equals(letters(26, chunkBytes))).toBe(true);
  expect(content.subarray(file.size).every(byte => byte === 0)).toBe(true);
  // What is reserved when an append begins is there at its end.
  expect(content.length).toBeGreaterThan(file.size);
  expect((await stat(path)).blocks * 512).toBeGreaterThanOrEqual(file.size);
  await file.close();
  expect((await stat(path)).size).toBe(26 * chunkBytes);
});

it("appends where there is no room to reserve", async () => {
  const { path, handle } = await newFile();
  const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
  const crowded = {
    writev: (chunks: Uint8Array[], at: number) => handle.writev(chunks, at),
    write: () => Promise.reject(full),
    truncate: (size: number) => handle.truncate(size),
    sync: () => handle.sync(),
    close: () => handle.close(),
  } as unknown as FileHandle;
  const file = new SystemAppendFile({ path, file: crowded, size: 0, reserved: 0, reserveBytes });
  for (let at = 0; at < 3; at++) await file.append([Buffer.alloc(1_000, 0x61 + at)]);
  await file.truncate(2_000);
  await file.close();
  expect((await readFile(path)).equals(letters(2, 1_000))).toBe(true);
});
