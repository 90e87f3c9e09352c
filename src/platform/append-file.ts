import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { Fault } from "../lib/fault.ts";
import type { AppendFile } from "../ports/disk.ts";
import { guarded } from "./disk-fault.ts";

/**
 * Makes each write durable by itself. For a file that is synced after every write, and has room reserved, it saves a trip to
 * another thread and back; 0 where the system cannot do it.
 */
const writeThrough = constants.O_DSYNC ?? 0;

/** What a file to append to is opened with, without O_CREAT. */
export function appendFlags(reserveBytes: number): number {
  return constants.O_WRONLY | (reserveBytes > 0 ? writeThrough : 0);
}

export interface AppendFileOptions {
  readonly path: string;
  /** Open, with `appendFlags`. */
  readonly file: FileHandle;
  /** Where the next append goes. */
  readonly size: number;
  /** Up to where the file reaches. */
  readonly reserved: number;
  /** How much further than what was appended it is to reach, about. */
  readonly reserveBytes: number;
}

/**
 * A file of the machine's that grows at its end. Room is reserved by writing zeros ahead of what is appended, which are then written
 * over: the file system has neither a new size nor new blocks to make durable (ext4: half of the time and of the processor's, for 40 KiB).
 */
export class SystemAppendFile implements AppendFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #zeros: Uint8Array;
  #size: number;
  /** Up to where the file reaches, with what is reserved. */
  #reserved: number;
  #reserving: Promise<void> | undefined;

  constructor({ path, file, size, reserved, reserveBytes }: AppendFileOptions) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
    this.#reserved = reserved;
    this.#zeros = new Uint8Array(reserveBytes);
  }

  get size(): number {
    return this.#size;
  }

  append(chunks: readonly Uint8Array[]): Promise<void> {
    return guarded(`Cannot append to "${this.#path}"`, async () => {
      const wanted = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
      // Without a pause, even a short one, where there is room: the caller may go on to do other work for a while.
      if (this.#reserving && this.#size + wanted > this.#reserved) await this.#reserving;
      const { bytesWritten } = await this.#file.writev([...chunks], this.#size);
      this.#size += bytesWritten;
      this.#reserved = Math.max(this.#reserved, this.#size);
      // The kernel writes less than asked only when it runs out of room or is interrupted half-way.
      if (bytesWritten < wanted)
        throw new Fault("resource_exhausted", `only ${bytesWritten} of ${wanted} bytes were taken`);
      this.#reserveAhead();
    });
  }

  async sync(): Promise<void> {
    if (this.#zeros.length > 0 && writeThrough !== 0) return;
    await guarded(`Cannot sync "${this.#path}"`, () => this.#file.datasync());
  }

  truncate(size: number): Promise<void> {
    return guarded(`Cannot truncate "${this.#path}"`, async () => {
      await this.#reserving;
      await this.#file.truncate(size);
      await this.#file.sync();
      this.#size = size;
      this.#reserved = size;
    });
  }

  async close(): Promise<void> {
    try {
      await this.#reserving;
      if (this.#reserved > this.#size) await this.truncate(this.#size);
    } finally {
      await this.#file.close();
    }
  }

  /** While the caller does other things: what is left is enough for a while. */
  #reserveAhead(): void {
    if (this.#reserving || this.#reserved - this.#size >= this.#zeros.length) return;
    this.#reserving = this.#reserve().finally(() => {
      this.#reserving = undefined;
    });
  }

  /** That there is no room for zeros is no failure: the next append shows whether there is for that. */
  async #reserve(): Promise<void> {
    const { bytesWritten } = await this.#file
      .write(this.#zeros, 0, this.#zeros.length, this.#reserved)
      .catch(() => ({ bytesWritten: 0 }));
    this.#reserved += bytesWritten;
  }
}
