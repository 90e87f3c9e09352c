import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Fault, type FaultCode } from "../lib/fault.ts";
import type { AppendFile, Disk } from "../ports/disk.ts";

/**
 * Makes each write durable by itself. For a file that is synced after every write, and has room reserved, it saves a trip to
 * another thread and back; 0 where the system cannot do it.
 */
const writeThrough = constants.O_DSYNC ?? 0;

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
      const flags = constants.O_WRONLY | constants.O_CREAT | (reserveBytes > 0 ? writeThrough : 0);
      const file = await open(path, flags, 0o600);
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

class SystemAppendFile implements AppendFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #reserveBytes: number;
  #size: number;
  /** Up to where the file reaches, with what is reserved. */
  #reserved: number;

  constructor(path: string, file: FileHandle, size: number, reserveBytes: number) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
    this.#reserved = size;
    this.#reserveBytes = reserveBytes;
  }

  get size(): number {
    return this.#size;
  }

  append(chunks: readonly Uint8Array[]): Promise<void> {
    return guarded(`Cannot append to "${this.#path}"`, async () => {
      const wanted = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
      // Without a pause, even a short one, where there is room: the caller may go on to do other work for a while.
      if (this.#mustReserve(wanted)) await this.#reserve(wanted);
      const { bytesWritten } = await this.#file.writev([...chunks], this.#size);
      this.#size += bytesWritten;
      // The kernel writes less than asked only when it runs out of room or is interrupted half-way.
      if (bytesWritten < wanted)
        throw new Fault("resource_exhausted", `only ${bytesWritten} of ${wanted} bytes were taken`);
    });
  }

  async sync(): Promise<void> {
    if (this.#reserveBytes > 0 && writeThrough !== 0) return;
    await guarded(`Cannot sync "${this.#path}"`, () => this.#file.datasync());
  }

  truncate(size: number): Promise<void> {
    return guarded(`Cannot truncate "${this.#path}"`, async () => {
      await this.#file.truncate(size);
      await this.#file.sync();
      this.#size = size;
      this.#reserved = size;
    });
  }

  async close(): Promise<void> {
    try {
      if (this.#reserved > this.#size) await this.truncate(this.#size);
    } finally {
      await this.#file.close();
    }
  }

  #mustReserve(bytes: number): boolean {
    return this.#reserveBytes > 0 && this.#size + bytes > this.#reserved;
  }

  async #reserve(bytes: number): Promise<void> {
    const reserved = this.#size + bytes + this.#reserveBytes;
    await this.#file.truncate(reserved);
    this.#reserved = reserved;
  }
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

async function guarded<T>(action: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw diskFault(action, error);
  }
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function diskFault(action: string, error: unknown): Fault {
  const code: FaultCode = error instanceof Fault ? error.code : codeOf(errnoOf(error));
  return new Fault(code, `${action}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

function codeOf(errno: string | undefined): FaultCode {
  switch (errno) {
    case "ENOENT":
    case "ENOTDIR":
      return "not_found";
    case "ENOSPC":
    case "EDQUOT":
      return "resource_exhausted";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "permission_denied";
    default:
      return "data_loss";
  }
}
