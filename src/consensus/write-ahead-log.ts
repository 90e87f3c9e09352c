import { assert, defined } from "../lib/assert.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { Mutex } from "../lib/mutex.ts";
import type { AppendFile, Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";
import { byteLengthOf, encodeRecord, type LogRecord, maxPayloadBytes, scanSegment } from "./record.ts";
import type { Sealer } from "./sealer.ts";

/** A segment that has grown past this, in bytes, is followed by a new one. */
const defaultSegmentBytes = 16 * 1024 * 1024;

/** Bytes that the segment being written is longer than what is in it, about. */
const reserveBytes = 1024 * 1024;

/**
 * Segments that were dropped and are kept to be written over by later ones: their blocks, and their pages in memory, are there already.
 * A snapshot drops several at once.
 */
const maxSpares = 4;

interface Segment {
  /** Number of its first record. */
  readonly first: bigint;
  readonly path: string;
  /** The highest mark among its records. */
  mark: bigint;
}

export interface LogOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly sealer: Sealer;
  readonly log: Logger;
  /** What every segment begins with: whatever must outlive the segments before it. */
  readonly head: () => Uint8Array;
  /** What a record holds that `dropThrough` compares; the same that `append` is told. */
  readonly markOf: (payload: Uint8Array) => bigint;
  readonly segmentBytes?: number;
}

/** One record to be written. */
export interface Write {
  /** In parts, one after the other. */
  readonly payload: readonly Uint8Array[];
  readonly mark: bigint;
}

/**
 * The log that makes changes durable before they are answered: segments of sealed records, numbered from 1. What was
 * appended and answered survives SIGKILL and power cuts; of what was not answered, any prefix may.
 */
export class WriteAheadLog {
  readonly #options: LogOptions;
  readonly #segments: Segment[];
  /** Of the segment that is written. */
  readonly #writing = new Mutex();
  /** Of those before it: one that is dropped must not come back by being sealed anew. */
  readonly #closed = new Mutex();
  #mustRoll = false;
  #spares: readonly string[] = [];
  #file: AppendFile | undefined;
  /** Bytes of the open file known to be synced. */
  #durable = 0;
  #next: bigint;
  #broken: Fault | undefined;

  private constructor(options: LogOptions, segments: Segment[], next: bigint) {
    this.#options = options;
    this.#segments = segments;
    this.#next = next;
  }

  /**
   * Opens the log of a directory and reads what it holds, in order. Cuts a torn tail. Fault data_loss, with file and
   * offset, when something that had been synced is not there as it was written.
   */
  static async open(options: LogOptions): Promise<{ log: WriteAheadLog; payloads: Uint8Array[] }> {
    const { disk, directory, sealer, markOf } = options;
    await disk.makeDirectory(directory);
    const names = await disk.list(directory);
    // Nobody knows how far they came to be ones.
    for (const name of names.filter(isSpare)) await disk.remove(`${directory}/${name}`);
    const segments = names.flatMap(name => segmentNamed(directory, name));
    const payloads: Uint8Array[] = [];
    let next = segments[0]?.first ?? 1n;
    for (const [at, segment] of segments.entries()) {
      if (segment.first !== next) throw gap(segment, next);
      for (const record of await readSegment(options, segment, at === segments.length - 1)) {
        const payload = sealer.open(record.payload, placeOf(record.index));
        payloads.push(payload);
        segment.mark = highest(segment.mark, markOf(payload));
        next = record.index + 1n;
      }
    }
    return { log: new WriteAheadLog(options, segments, next), payloads };
  }

  /**
   * Appends the records and syncs once. When it rejects, none of them may be taken for written; with resource_exhausted
   * (disk full) a later append may succeed, after anything else every one fails: what the disk holds is then only known
   * after opening it anew.
   */
  append(writes: readonly Write[]): Promise<void> {
    return this.#writing.run(() => this.#append(writes));
  }

  async #append(writes: readonly Write[]): Promise<void> {
    if (this.#broken) throw this.#broken;
    const file = this.#file ?? (await this.#openLast());
    const segment = defined(this.#segments.at(-1), "the segment that is written");
    const head = file.size === 0 ? [[this.#options.head()]] : [];
    const payloads = [...head, ...writes.map(write => write.payload)];
    try {
      await file.append(payloads.flatMap((payload, at) => this.#seal(payload, this.#next + BigInt(at))));
    } catch (error) {
      throw await this.#undo(file, asFault(error));
    }
    try {
      await file.sync();
    } catch (error) {
      // After a failed fsync the kernel may have thrown the data away and forgotten that it did: never sync again.
      throw this.#break(asFault(error));
    }
    this.#durable = file.size;
    this.#next += BigInt(payloads.length);
    for (const { mark } of writes) segment.mark = highest(segment.mark, mark);
    if (file.size >= (this.#options.segmentBytes ?? defaultSegmentBytes)) await this.#closeFile();
  }

  /** Removes the oldest segments as long as they hold no mark above this one. The segment being written stays. */
  dropThrough(mark: bigint): Promise<void> {
    return this.#closed.run(async () => {
      for (;;) {
        const [first, second] = this.#segments;
        if (!first || !second || first.mark > mark) return;
        if (!(await this.#recycle(first))) await this.#options.disk.remove(first.path);
        this.#segments.shift();
      }
    });
  }

  /**
   * Seals everything written so far with the sealer's last key. Durable when it resolves; each segment is readable at every
   * moment, and appending goes on meanwhile.
   */
  async reseal(): Promise<void> {
    await this.#writing.run(() => this.#roll());
    for (const segment of [...this.#segments])
      await this.#closed.run(async () => {
        const isWritten = segment === this.#segments.at(-1) && !this.#mustRoll;
        if (this.#segments.includes(segment) && !isWritten) await this.#reseal(segment);
      });
  }

  close(): Promise<void> {
    this.#broken ??= new Fault("unavailable", "Cannot append to the log: it is closed");
    return this.#writing.run(() => this.#closeFile());
  }

  /** Lets the next record begin a new segment. */
  async #roll(): Promise<void> {
    if (this.#broken) throw this.#broken;
    const last = this.#segments.at(-1);
    if (!last || last.first === this.#next) return;
    await this.#closeFile();
    this.#mustRoll = true;
  }

  /** What a whole file that replaces another holds is synced to its end: each record says so. */
  async #reseal(segment: Segment): Promise<void> {
    const { disk, sealer } = this.#options;
    const scan = scanSegment((await disk.read(segment.path)) ?? new Uint8Array(0), segment.first);
    if (scan.state !== "whole") throw damage(segment, scan.offset);
    const records: Uint8Array[] = [];
    let size = 0;
    for (const { index, payload } of scan.records) {
      const place = placeOf(index);
      const record = encodeRecord(index, [...sealer.seal([sealer.open(payload, place)], place)], size);
      records.push(...record);
      size += byteLengthOf(record);
    }
    await disk.replace(segment.path, Buffer.concat(records));
  }

  #seal(payload: readonly Uint8Array[], index: bigint): readonly Uint8Array[] {
    const sealed = [...this.#options.sealer.seal(payload, placeOf(index))];
    assert(byteLengthOf(sealed) <= maxPayloadBytes, "a log record is within its limit");
    return encodeRecord(index, sealed, this.#durable);
  }

  async #openLast(): Promise<AppendFile> {
    const { directory, disk, segmentBytes = defaultSegmentBytes } = this.#options;
    let segment = this.#segments.at(-1);
    if (segment && !this.#mustRoll) {
      const file = await disk.openAppend(segment.path, reserveBytes);
      if (file.size < segmentBytes) return this.#use(file);
      await file.close();
    }
    segment = { first: this.#next, path: `${directory}/${segmentName(this.#next)}`, mark: 0n };
    const [spare] = this.#spares;
    const file = await disk.openAppend(segment.path, reserveBytes, spare);
    this.#spares = this.#spares.filter(path => path !== spare);
    this.#segments.push(segment);
    this.#mustRoll = false;
    return this.#use(file);
  }

  /** False where it is still to be removed. */
  async #recycle({ path, first }: Segment): Promise<boolean> {
    if (this.#spares.length >= maxSpares) return false;
    const spare = `${this.#options.directory}/${spareNameOf(first)}`;
    try {
      await this.#options.disk.recycle(path, spare);
    } catch (error) {
      this.#options.log.debug("a segment of the log is not used again", { reason: asFault(error).message });
      await this.#options.disk.remove(spare);
      return false;
    }
    this.#spares = [...this.#spares, spare];
    return true;
  }

  async #removeSpares(): Promise<void> {
    for (const path of this.#spares) await this.#options.disk.remove(path);
    this.#spares = [];
  }

  #use(file: AppendFile): AppendFile {
    this.#file = file;
    this.#durable = file.size;
    return file;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Takes back a write that failed half-way, so that the next one follows on what is durable. */
  async #undo(file: AppendFile, fault: Fault): Promise<Fault> {
    try {
      await file.truncate(this.#durable);
    } catch (error) {
      return this.#break(asFault(error));
    }
    if (fault.code !== "resource_exhausted") return this.#break(fault);
    // Room for the next one, if they are to blame; that they cannot be removed makes nothing worse.
    await this.#closed.run(() => this.#removeSpares()).catch(() => {});
    return fault;
  }

  #break(fault: Fault): Fault {
    this.#broken = fault;
    this.#options.log.error("the log cannot be written any more", { reason: fault.message });
    return fault;
  }
}

/*
 * The last segment is written anew, not only synced: it may come from a process that died before its sync, and from here on it
 * counts. A sync would not do. After one has failed the kernel can hold pages that the disk does not have and take them for written
 * (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020), and would let us build on them until the power fails.
 */
async function readSegment(options: LogOptions, segment: Segment, isLast: boolean): Promise<LogRecord[]> {
  const content = (await options.disk.read(segment.path)) ?? new Uint8Array(0);
  const scan = scanSegment(content, segment.first);
  switch (scan.state) {
    case "whole":
      if (isLast) await options.disk.replace(segment.path, content.subarray(0, scan.end));
      return scan.records;
    case "torn": {
      // A segment was synced to its end before the next one was made.
      if (!isLast) throw damage(segment, scan.offset);
      const lost = content.byteLength - scan.offset;
      options.log.warn("cutting a torn tail off the log", { file: segment.path, offset: scan.offset, bytes: lost });
      await options.disk.replace(segment.path, content.subarray(0, scan.offset));
      return scan.records;
    }
    case "damaged":
      throw damage(segment, scan.offset);
    default:
      return scan satisfies never;
  }
}

const segmentName = (first: bigint): string => `wal-${first.toString(16).padStart(16, "0")}.log`;

function segmentNamed(directory: string, name: string): Segment[] {
  const match = /^wal-([0-9a-f]{16})\.log$/.exec(name);
  return match ? [{ first: BigInt(`0x${match[1]}`), path: `${directory}/${name}`, mark: 0n }] : [];
}

/** By the segment that it was. */
const spareNameOf = (first: bigint): string => `spare-${segmentName(first)}`;

const isSpare = (name: string): boolean => name.startsWith("spare-");

const placeOf = (number: bigint): string => `log record ${number}`;

const highest = (a: bigint, b: bigint): bigint => (a > b ? a : b);

const howToRejoin =
  'restore this manager from a backup, or run "docker swarm leave --force" here, demote and remove its node elsewhere, and join again';

function damage(segment: Segment, offset: number): Fault {
  return new Fault(
    "data_loss",
    `Cannot read the log "${segment.path}": damaged at byte ${offset}, and what follows had been answered to clients; ${howToRejoin}`,
  );
}

function gap(segment: Segment, wanted: bigint): Fault {
  return new Fault(
    "data_loss",
    `Cannot read the log "${segment.path}": records ${wanted} to ${segment.first - 1n} are missing; ${howToRejoin}`,
  );
}
