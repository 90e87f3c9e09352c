import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Disk } from "../ports/disk.ts";
import { appendFlags, SystemAppendFile } from "./append-file.ts";
import { diskFault, errnoOf, guarded } from "./disk-fault.ts";

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

  openAppend(path, reserveBytes = 0) {
    return guarded(`Cannot open "${path}"`, async () => {
      const file = await open(path, appendFlags(reserveBytes), 0o600);
      try {
        const { size } = await file.stat();
        await syncDirectory(dirname(path));
        return new SystemAppendFile(path, file, size, reserveBytes);
      } catch (error) {
        await file.close();
        throw error;
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
