import { Fault, type FaultCode } from "../lib/fault.ts";
import type { AppendFile, Disk } from "../ports/disk.ts";
import type { Random } from "../ports/random.ts";

/** A file's bytes. Room grows by doubling: a log is appended to thousands of times. */
class SimFile {
  /** Bytes from the start that survive a crash for certain, but for what is forgotten. */
  durable = 0;
  /** Zeros that the file system shows after a crash where room was reserved, in bytes. */
  reserve = 0;
  /** Parts, from and to, that a failed sync has thrown away: readable until the machine crashes, and never written. */
  #forgotten: readonly (readonly [number, number])[] = [];
  #room = new Uint8Array(0);
  #size = 0;

  constructor(content: Uint8Array = new Uint8Array(0)) {
    this.append(content);
  }

  get content(): Uint8Array {
    return this.#room.subarray(0, this.#size);
  }

  append(bytes: Uint8Array): void {
    const size = this.#size + bytes.length;
    if (size > this.#room.length) {
      const room = new Uint8Array(2 * size);
      room.set(this.content);
      this.#room = room;
    }
    this.#room.set(bytes, this.#size);
    this.#size = size;
  }

  cut(size: number): void {
    this.#size = Math.min(size, this.#size);
    this.durable = Math.min(size, this.durable);
    this.#forgotten = this.#forgotten
      .filter(([from]) => from < size)
      .map(([from, to]) => [from, Math.min(to, size)] as const);
  }

  /** A sync has failed: what it was to write counts as written for the kernel, and is not. */
  forget(): void {
    this.#forgotten = [...this.#forgotten, [this.durable, this.#size]];
    this.durable = this.#size;
  }

  /** What was thrown away is gone now. */
  loseForgotten(): void {
    for (const [from, to] of this.#forgotten) this.content.fill(0, from, to);
    this.#forgotten = [];
  }
}

/** Bytes of zeros that stand for any number of them. */
const maxReserveBytes = 100;

type Operation = "append" | "sync" | "truncate" | "replace" | "recycle";

/** A disk in memory. `crash` does what a power cut does: of what was not synced, any part may be there or not. */
export class SimDisk implements Disk {
  readonly #files = new Map<string, SimFile>();
  /** How many times as long as a healthy disk everything takes, for whoever runs on top. */
  slowness = 1;
  /** Nothing more can be written. */
  isFull = false;
  /** What a sync failed to write is readable until a crash, and gone after it, whatever is synced later: as Linux does it. */
  forgetsFailedSyncs = false;
  readonly #failures: { operation: Operation; code: FaultCode }[] = [];
  /** Grows with each crash; handles opened before are dead. */
  #life = 0;
  /** In which life each was made one. */
  readonly #spares = new WeakMap<SimFile, number>();

  /** Makes the next such operation fail, having done half of its work. */
  failNext(operation: Operation, code: FaultCode): void {
    this.#failures.push({ operation, code });
  }

  /** Repairs everything: failures that have not come to pass yet never will, there is room, and it is quick. */
  repair(): void {
    this.#failures.length = 0;
    this.isFull = false;
    this.slowness = 1;
  }

  /**
   * Loses what was not synced: each file keeps a random part of its unsynced tail, and with some chance that part has
   * holes of zeros in it, as when the second page of a write reached the disk and the first did not.
   */
  crash(random: Random): void {
    this.#life++;
    for (const file of this.#files.values()) {
      file.loseForgotten();
      const unsynced = file.content.length - file.durable;
      file.cut(file.durable + Math.floor(random.float() * (unsynced + 1)));
      const kept = file.content;
      if (random.float() < 0.3) {
        const hole = file.durable + Math.floor(random.float() * (kept.length - file.durable));
        kept.fill(0, hole, Math.min(kept.length, hole + 1 + Math.floor(random.float() * 64)));
      }
      file.append(new Uint8Array(file.reserve));
      file.reserve = 0;
      file.durable = file.content.length;
    }
  }

  /** What is on it now, to be looked at without touching it. */
  copy(): SimDisk {
    const copy = new SimDisk();
    for (const [path, file] of this.#files) {
      const same = new SimFile(file.content);
      same.durable = file.durable;
      copy.#files.set(path, same);
    }
    return copy;
  }

  /** Flips one bit: rot that no crash explains. */
  corrupt(path: string, offset: number): void {
    const file = this.#files.get(path);
    const byte = file?.content[offset];
    if (file && byte !== undefined) file.content[offset] = byte ^ 0x10;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#files.get(path)?.content.slice();
  }

  async replace(path: string, content: Uint8Array | Iterable<Uint8Array>): Promise<void> {
    this.fail("replace");
    const file = new SimFile(content instanceof Uint8Array ? content : Buffer.concat([...content]));
    file.durable = file.content.length;
    this.#files.set(path, file);
  }

  async openAppend(path: string, reserveBytes = 0, spare?: string): Promise<AppendFile> {
    const file = this.#files.get(path) ?? this.#take(spare) ?? new SimFile();
    // More of them tell no more, and take time in every seed.
    file.reserve = Math.min(reserveBytes, maxReserveBytes);
    this.#files.set(path, file);
    const life = this.#life;
    return new SimAppendFile(this, file, operation => {
      if (life !== this.#life) throw new Fault("data_loss", `Cannot ${operation} "${path}": the machine crashed`);
      this.fail(operation);
    });
  }

  /** What it holds stays until somebody takes it, as it may after a crash; in a life of the machine's only its zeros are seen. */
  async recycle(path: string, spare: string): Promise<void> {
    this.fail("recycle");
    const file = this.#files.get(path);
    if (!file) throw new Fault("not_found", `Cannot recycle "${path}": there is no such file`);
    this.#files.delete(path);
    this.#files.set(spare, file);
    this.#spares.set(file, this.#life);
  }

  #take(spare: string | undefined): SimFile | undefined {
    const file = spare === undefined ? undefined : this.#files.get(spare);
    if (spare === undefined || !file) return undefined;
    this.#files.delete(spare);
    if (this.#spares.get(file) === this.#life) file.cut(0);
    return file;
  }

  async list(directory: string): Promise<string[]> {
    const below = [...this.#files.keys()].filter(path => path.startsWith(`${directory}/`));
    return [...new Set(below.map(path => path.slice(directory.length + 1).split("/")[0] ?? ""))].sort();
  }

  async makeDirectory(): Promise<void> {}

  async remove(path: string): Promise<void> {
    for (const name of this.#files.keys()) if (name === path || name.startsWith(`${path}/`)) this.#files.delete(name);
  }

  private fail(operation: Operation): void {
    const at = this.#failures.findIndex(failure => failure.operation === operation);
    const [failure] = at < 0 ? [] : this.#failures.splice(at, 1);
    if (this.isFull && (operation === "append" || operation === "replace"))
      throw new Fault("resource_exhausted", `Cannot ${operation}: the simulated disk is full`);
    if (failure) throw new Fault(failure.code, `Cannot ${operation}: simulated failure`);
  }
}

class SimAppendFile implements AppendFile {
  readonly #file: SimFile;
  readonly #check: (operation: Operation) => void;
  readonly #disk: SimDisk;

  constructor(disk: SimDisk, file: SimFile, check: (operation: Operation) => void) {
    this.#disk = disk;
    this.#file = file;
    this.#check = check;
  }

  get size(): number {
    return this.#file.content.length;
  }

  async append(chunks: readonly Uint8Array[]): Promise<void> {
    const added = Buffer.concat(chunks);
    try {
      this.#check("append");
    } catch (fault) {
      this.#file.append(added.subarray(0, added.length >> 1));
      throw fault;
    }
    this.#file.append(added);
  }

  async sync(): Promise<void> {
    try {
      this.#check("sync");
    } catch (fault) {
      if (this.#disk.forgetsFailedSyncs) this.#file.forget();
      throw fault;
    }
    this.#file.durable = this.#file.content.length;
  }

  async truncate(size: number): Promise<void> {
    this.#check("truncate");
    this.#file.cut(size);
    this.#file.durable = this.#file.content.length;
  }

  async close(): Promise<void> {}
}
