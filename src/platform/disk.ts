import { constants } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { AppendFile, Disk } from "../ports/disk.ts";
import { appendFlags, SystemAppendFile } from "./append-file.ts";
import { diskFault, errnoOf, guarded } from "./disk-fault.ts";

/** What is written over files to be used again, a piece at a time. */
const zeros = new Uint8Array(1024 * 1024);

/** The machine's file system. */
export const systemDisk: Disk = {
  async read(path) {
    try {
      return await readFile(path);
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw diskFault(`Cannot read "${path}"`, error);
    }
  },

  replace(path, content, mode = 0o600) {
    return guarded(`Cannot write "${path}"`, async () => {
      const fresh = `${path}.tmp`;
      const file = await open(fresh, "w", mode);
      try {
        await file.chmod(mode);
        await writeFile(file, content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(fresh, path);
      await syncDirectory(dirname(path));
    });
  },

  openAppend(path, reserveBytes = 0, spare) {
    return guarded(`Cannot open "${path}"`, async () => {
      const recycled = spare === undefined ? undefined : await openSpare(path, spare, reserveBytes);
      if (recycled) return recycled;
      const file = await open(path, appendFlags(reserveBytes) | constants.O_CREAT, 0o600);
      try {
        const { size } = await file.stat();
        await syncDirectory(dirname(path));
        return new SystemAppendFile({ path, file, size, reserved: size, reserveBytes });
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  },

  recycle(path, spare) {
    return guarded(`Cannot recycle "${path}"`, async () => {
      await rename(path, spare);
      // Before it changes it must be no part of anything any more, whatever happens.
      await syncDirectory(dirname(path));
      const file = await open(spare, appendFlags(zeros.length));
      try {
        const { size } = await file.stat();
        // Piece by piece: whoever else writes to the disk need not wait for all of it.
        for (let at = 0; at < size; at += zeros.length)
          await file.write(zeros, 0, Math.min(zeros.length, size - at), at);
        await file.datasync();
      } finally {
        await file.close();
      }
    });
  },

  async list(directory) {
    try {
      return (await readdir(directory)).sort();
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return [];
      throw diskFault(`Cannot list "${directory}"`, error);
    }
  },

  makeDirectory(path) {
    return guarded(`Cannot make directory "${path}"`, async () => {
      const first = await mkdir(path, { recursive: true, mode: 0o700 });
      if (first !== undefined) await syncDirectory(dirname(first));
    });
  },

  remove(path) {
    return guarded(`Cannot remove "${path}"`, async () => {
      await rm(path, { recursive: true, force: true });
      await syncDirectory(dirname(path));
    });
  },
};

/** Gives a spare file the name of one that is not there; undefined where it is, or where there is no spare one. */
async function openSpare(path: string, spare: string, reserveBytes: number): Promise<AppendFile | undefined> {
  if (await exists(path)) return undefined;
  const file = await open(spare, appendFlags(reserveBytes)).catch(unlessMissing);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    await rename(spare, path);
    await syncDirectory(dirname(path));
    return new SystemAppendFile({ path, file, size: 0, reserved: size, reserveBytes });
  } catch (error) {
    // Whatever name it has: whoever opens it again must not take zeros for what was appended.
    await file.truncate(0).finally(() => file.close());
    throw error;
  }
}

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(unlessMissing)) !== undefined;

function unlessMissing(error: unknown): undefined {
  if (errnoOf(error) !== "ENOENT") throw error;
}

/** A file's name is durable only once its directory is synced too. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    // The directory itself was removed meanwhile: then there is no entry left to lose.
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}
