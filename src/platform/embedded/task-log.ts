import { closeSync, existsSync, openSync, readSync, renameSync } from "node:fs";
import { appendFile, readFile, rm, truncate } from "node:fs/promises";
import type { Logger } from "../../ports/log.ts";
import type { LogLine, LogOptions } from "../../ports/runtime.ts";
import { type Consumed, decodeRecords, encodeRecord, type LogRecord } from "./log-record.ts";
import { readRaw, releaseRaw, splitLines } from "./raw-output.ts";
import type { TaskPaths } from "./task-paths.ts";

/** Limits of one task's log. */
export interface LogLimits {
  /** A log file that has grown beyond this becomes the previous one; two are kept. Bytes. */
  readonly fileBytes: number;
  /** Raw output that is waiting beyond this is dropped, oldest first, and the log says so. Bytes. */
  readonly backlogBytes: number;
  /** Raw output that was read is given back to the file system in portions of this. Bytes. */
  readonly releaseBytes: number;
}

export const defaultLogLimits: LogLimits = {
  fileBytes: 5 << 20,
  backlogBytes: 64 << 20,
  releaseBytes: 4 << 20,
};

/** Raw output is taken in so much at a time, in one turn of the event loop; more than the longest line. Bytes. */
const rawChunkBytes = 32 * 1024;
/** Read from the log at a time; more than the longest record. Bytes. */
const chunkBytes = 64 * 1024;

interface Position {
  readonly generation: number;
  readonly offset: number;
}

/**
 * One task's output. The task writes to two plain files whether or not a daemon is there (a task must never wait for
 * one); `drain` moves what is there into the log, line by line, each with its stream and the time of the last write
 * that was seen: with a daemon there that is when it was printed, to a few milliseconds; lines printed while there was
 * none all get the time of the last of them.
 */
export class TaskLog {
  readonly #paths: TaskPaths;
  readonly #limits: LogLimits;
  readonly #log: Logger;
  #consumed: Consumed;
  #size: number;
  /** Counts rotations: the current file has this number, the previous one has one less. */
  #generation: number;
  readonly #released = { out: 0, err: 0 };
  #ended = false;
  #draining: Promise<void> = Promise.resolve();
  /** A drain that was asked for and has not begun: who asks again waits for the same one. */
  #next: Promise<void> | undefined;
  readonly #listeners = new Set<() => void>();

  private constructor(paths: TaskPaths, limits: LogLimits, log: Logger, consumed: Consumed, size: number) {
    this.#paths = paths;
    this.#limits = limits;
    this.#log = log;
    this.#consumed = consumed;
    this.#size = size;
    this.#generation = existsSync(paths.previousLog) ? 1 : 0;
  }

  /** Carries on with what an earlier daemon left: cuts off a record that was not written as a whole. */
  static async open(paths: TaskPaths, limits: LogLimits, log: Logger): Promise<TaskLog> {
    const current = await readIfThere(paths.log);
    const { records, end } = decodeRecords(current);
    if (end < current.length) await truncate(paths.log, end);
    const last = records.at(-1) ?? decodeRecords(await readIfThere(paths.previousLog)).records.at(-1);
    return new TaskLog(paths, limits, log, last?.consumed ?? { out: 0, err: 0 }, end);
  }

  /** Moves every whole line the task has printed so far into the log. */
  drain(): Promise<void> {
    this.#next ??= this.#queue(() => {
      this.#next = undefined;
      return this.#drain(false);
    });
    return this.#next;
  }

  /** Takes in the last output and ends every reader that follows. The raw files are not needed any more. */
  async end(): Promise<void> {
    if (this.#ended) return;
    await this.#queue(() => this.#drain(true));
    this.#ended = true;
    this.#notify();
    await Promise.all([rm(this.#paths.out, { force: true }), rm(this.#paths.err, { force: true })]);
  }

  /** Lines in order. A reader slower than two log files fill skips what is gone. */
  async *read(options: LogOptions): AsyncGenerator<LogLine, void> {
    await this.drain();
    let position: Position = { generation: Math.max(0, this.#generation - 1), offset: 0 };
    let history: LogLine[] = [];
    for (;;) {
      const page = this.#page(position);
      position = page.position;
      const lines = page.records.filter(record => isWanted(record, options));
      if (options.tail < 0) yield* lines;
      else if (options.tail > 0) history = [...history, ...lines].slice(-options.tail);
      if (page.atEnd) break;
    }
    yield* history;
    while (options.follow && !options.signal.aborted) {
      const page = this.#page(position);
      position = page.position;
      yield* page.records.filter(record => isWanted(record, options));
      if (!page.atEnd) continue;
      if (this.#ended) return;
      if (page.records.length === 0) await this.#changed(options.signal);
    }
  }

  /** Whole records from a position on, as many as one chunk holds, and where to go on. */
  #page(from: Position): { records: LogRecord[]; position: Position; atEnd: boolean } {
    const oldest = this.#generation - 1;
    const start = from.generation < oldest ? { generation: oldest, offset: 0 } : from;
    const current = start.generation === this.#generation;
    const { records, end } = decodeRecords(readAt(current ? this.#paths.log : this.#paths.previousLog, start.offset));
    if (end > 0) return { records, position: { ...start, offset: start.offset + end }, atEnd: false };
    if (current) return { records, position: start, atEnd: true };
    return { records, position: { generation: start.generation + 1, offset: 0 }, atEnd: false };
  }

  /** One at a time, in order. A failure is logged: a full disk must not end the task's supervision. */
  #queue(work: () => Promise<void>): Promise<void> {
    this.#draining = this.#draining.then(work).catch((error: unknown) => {
      this.#log.warn("cannot keep a task's output", { log: this.#paths.log, error: String(error) });
    });
    return this.#draining;
  }

  async #drain(final: boolean): Promise<void> {
    const streams: { stream: LogRecord["stream"]; writtenNs: bigint }[] = [];
    for (const stream of ["stdout", "stderr"] as const) {
      const state = await readRaw(this.#rawPath(stream), this.#offset(stream), 0);
      if (state && state.size > this.#offset(stream)) streams.push({ stream, writtenNs: state.writtenNs });
    }
    streams.sort((a, b) => (a.writtenNs < b.writtenNs ? -1 : 1));
    for (const { stream } of streams) await this.#drainStream(stream, final);
  }

  async #drainStream(stream: LogRecord["stream"], final: boolean): Promise<void> {
    const path = this.#rawPath(stream);
    for (;;) {
      const raw = await readRaw(path, this.#offset(stream), rawChunkBytes);
      if (!raw) return;
      const excess = raw.size - this.#offset(stream) - this.#limits.backlogBytes;
      if (excess > 0) {
        await this.#drop(stream, excess, raw.writtenNs);
        continue;
      }
      const atEnd = this.#offset(stream) + raw.bytes.length >= raw.size;
      const { lines, length } = splitLines(raw.bytes, final && atEnd);
      if (length === 0) return;
      await this.#append(stream, lines, raw.writtenNs);
      await this.#release(stream);
    }
  }

  async #append(stream: LogRecord["stream"], lines: readonly Uint8Array[], timestampNs: bigint): Promise<void> {
    const encoded = lines.map(data => {
      this.#advance(stream, data.length);
      return encodeRecord({ stream, consumed: this.#consumed, timestampNs, data });
    });
    await this.#write(Buffer.concat(encoded));
  }

  async #drop(stream: LogRecord["stream"], bytes: number, timestampNs: bigint): Promise<void> {
    this.#advance(stream, bytes);
    const data = Buffer.from(
      `shoal: ${bytes} bytes of ${stream} came faster than they could be kept and were dropped\n`,
    );
    await this.#write(encodeRecord({ stream: "stderr", consumed: this.#consumed, timestampNs, data }));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await appendFile(this.#paths.log, bytes, { mode: 0o600 });
    this.#size += bytes.length;
    if (this.#size > this.#limits.fileBytes) {
      // In one turn of the event loop: no reader may see the rename without the new generation.
      renameSync(this.#paths.log, this.#paths.previousLog);
      this.#generation += 1;
      this.#size = 0;
    }
    this.#notify();
  }

  async #release(stream: LogRecord["stream"]): Promise<void> {
    const key = stream === "stdout" ? "out" : "err";
    const [start, end] = [this.#released[key], this.#consumed[key]];
    if (end - start < this.#limits.releaseBytes) return;
    this.#released[key] = end;
    await releaseRaw(this.#rawPath(stream), start, end);
  }

  #rawPath(stream: LogRecord["stream"]): string {
    return stream === "stdout" ? this.#paths.out : this.#paths.err;
  }

  #offset(stream: LogRecord["stream"]): number {
    return stream === "stdout" ? this.#consumed.out : this.#consumed.err;
  }

  #advance(stream: LogRecord["stream"], bytes: number): void {
    const { out, err } = this.#consumed;
    this.#consumed = stream === "stdout" ? { out: out + bytes, err } : { out, err: err + bytes };
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const finish = (): void => {
        this.#listeners.delete(finish);
        signal.removeEventListener("abort", finish);
        resolve();
      };
      this.#listeners.add(finish);
      signal.addEventListener("abort", finish, { once: true });
      if (signal.aborted) finish();
    });
  }
}

function isWanted(record: LogRecord, options: LogOptions): boolean {
  if (!(record.stream === "stdout" ? options.stdout : options.stderr)) return false;
  return options.sinceMs === undefined || record.timestampNs >= BigInt(Math.round(options.sinceMs)) * 1_000_000n;
}

async function readIfThere(path: string): Promise<Buffer> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  });
}

/** One chunk of a file at `offset`, in one turn of the event loop; empty when there is no such file. */
function readAt(path: string, offset: number): Buffer {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return Buffer.alloc(0);
  }
  try {
    const bytes = Buffer.allocUnsafe(chunkBytes);
    return bytes.subarray(0, readSync(file, bytes, 0, chunkBytes, offset));
  } finally {
    closeSync(file);
  }
}
