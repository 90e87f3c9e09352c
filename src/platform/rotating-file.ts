import { mkdirSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Bell } from "../lib/bell.ts";
import { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import { sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";

/** Bytes of lines that wait for a disk that is full or slow; what comes beyond that is counted and lost. */
const maxWaitingBytes = 4 * 1024 * 1024;
/** Between tries to write to a disk that refused, milliseconds. */
const retryMs = 2_000;
/** Complaints about a disk that goes on refusing come this seldom, milliseconds. */
const complaintPeriodMs = 60_000;
/** Only the daemon's user may read it. */
const fileMode = 0o600;

export interface RotatingFileOptions {
  readonly path: string;
  /** Bytes after which a new file is begun; one batch of lines may go beyond. */
  readonly maxBytes: number;
  /** Files kept: PATH, PATH.1 (the newest before it), … */
  readonly maxFiles: number;
  /** The line that says how many are missing. */
  readonly lossNote: (lost: number) => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Lines in a file that begins anew when it is large. Writing never waits and never fails: while the disk refuses, lines
 * wait in memory, and what does not fit there is counted, told to the log, and noted in the file once it can be.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  readonly #bell = new Bell();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #file: FileHandle | undefined;
  #size = 0;
  #complained = Number.NEGATIVE_INFINITY;

  private constructor(options: RotatingFileOptions, file: FileHandle, size: number) {
    this.#options = options;
    this.#file = file;
    this.#size = size;
    this.#running = this.#run();
  }

  /** Opens it, with its directory if need be. Fault invalid_argument when that cannot be. */
  static async open(options: RotatingFileOptions): Promise<RotatingFile> {
    try {
      mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
      const { file, size } = await openLast(options.path);
      return new RotatingFile(options, file, size);
    } catch (cause) {
      throw new Fault("invalid_argument", `Cannot write "${options.path}": ${reasonOf(cause)}`, { cause });
    }
  }

  /** Takes a line, without its end, to be written soon. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#waitingBytes + bytes > maxWaitingBytes) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(`${line}\n`);
    this.#waitingBytes += bytes;
    this.#bell.ring();
  }

  /** Writes what waits, as far as the disk takes it, and lets go of the file. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#bell.ring();
    await this.#running;
    await this.#file?.close();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    for (;;) {
      if (this.#waiting.length > 0) {
        const failure = await this.#flush();
        if (failure !== undefined) {
          this.#complain(failure);
          if (signal.aborted) return;
          await sleep(clock, retryMs, signal);
        }
      } else if (signal.aborted) return;
      else await this.#bell.wait();
    }
  }

  /** Returns why it could not. */
  async #flush(): Promise<unknown> {
    const lines = this.#waiting;
    const lost = this.#lost;
    const note = lost === 0 ? [] : [`${this.#options.lossNote(lost)}\n`];
    this.#waiting = [];
    try {
      if (this.#size >= this.#options.maxBytes) await this.#rotate();
      this.#file ??= await this.#reopen();
      this.#size += await writeWhole(this.#file, Buffer.from([...lines, ...note].join("")), this.#size);
    } catch (error) {
      this.#waiting = [...lines, ...this.#waiting];
      await this.#file?.close().catch(() => {});
      this.#file = undefined;
      return error;
    }
    this.#waitingBytes -= lines.reduce((bytes, line) => bytes + Buffer.byteLength(line), 0);
    this.#lost -= lost;
    return undefined;
  }

  /** PATH.1 becomes PATH.2 and so on, the oldest is overwritten. */
  async #rotate(): Promise<void> {
    const { path, maxFiles } = this.#options;
    await this.#file?.close();
    this.#file = undefined;
    for (let number = maxFiles - 1; number >= 1; number -= 1)
      await rename(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`).catch(ignoreMissing);
    if (maxFiles === 1) await rm(path, { force: true });
  }

  async #reopen(): Promise<FileHandle> {
    const { file, size } = await openLast(this.#options.path);
    this.#size = size;
    return file;
  }

  #complain(error: unknown): void {
    const { path, clock, log } = this.#options;
    if (clock.monotonic() < this.#complained + complaintPeriodMs) return;
    this.#complained = clock.monotonic();
    const waiting = this.#waiting.length;
    log.error("cannot write the audit log", { path, error: reasonOf(error), waiting, lost: this.#lost });
  }
}

async function openLast(path: string): Promise<{ file: FileHandle; size: number }> {
  const file = await open(path, "a", fileMode);
  return { file, size: (await file.stat()).size };
}

/** All of it, or none as far as the disk lets go of a part again: half a line is no line. Returns how much that is. */
async function writeWhole(file: FileHandle, bytes: Buffer, before: number): Promise<number> {
  try {
    await file.appendFile(bytes);
    return bytes.length;
  } catch (error) {
    await file.truncate(before).catch(() => {});
    throw error;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
