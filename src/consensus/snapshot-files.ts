import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Fault } from "../lib/fault.ts";
import { Mutex } from "../lib/mutex.ts";
import type { Disk } from "../ports/disk.ts";
import type { Index, Snapshot } from "../raft/entry.ts";
import { SnapshotSchema } from "../wire/gen/raftpb/raft_pb.ts";
import { fromWireSnapshot, toWireSnapshot } from "./message-codec.ts";
import { byteLengthOf } from "./record.ts";
import type { Sealer } from "./sealer.ts";

export interface SnapshotFilesOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly sealer: Sealer;
}

/** Bytes that are sealed and written in one go: whole states may have hundreds of megabytes. */
const partBytes = 1024 * 1024;

/** A snapshot with its data in parts, one after the other. */
export interface SnapshotInParts extends Omit<Snapshot, "data"> {
  readonly data: readonly Uint8Array[];
}

/** The same snapshot, nothing of it copied. */
export function inParts(snapshot: Snapshot): SnapshotInParts {
  return { ...snapshot, data: partsOf(snapshot.data) };
}

/** The snapshots of one manager, a sealed file each, named for the last entry they stand for. */
export class SnapshotFiles {
  readonly #options: SnapshotFilesOptions;
  /** A snapshot that is dropped must not come back by being sealed anew. */
  readonly #changes = new Mutex();

  constructor(options: SnapshotFilesOptions) {
    this.#options = options;
  }

  /** Durable when it resolves. Returns the file's size in bytes. Other work goes on between the parts. */
  write(snapshot: SnapshotInParts): Promise<number> {
    const { disk, sealer } = this.#options;
    return this.#changes.run(async () => {
      let size = 0;
      function* measured(parts: Iterable<Uint8Array>): Iterable<Uint8Array> {
        for (const part of parts) {
          size += part.byteLength;
          yield part;
        }
      }
      const sealed = sealer.seal(encode(snapshot), placeOf(snapshot.index));
      await disk.replace(this.#path(snapshot.index), measured(sealed));
      return size;
    });
  }

  /** Seals every snapshot with the sealer's last key. Durable when it resolves; each is readable at every moment. */
  async reseal(): Promise<void> {
    const { disk, sealer } = this.#options;
    for (const index of await this.#changes.run(() => this.#indexes()))
      await this.#changes.run(async () => {
        const sealed = await disk.read(this.#path(index));
        if (!sealed) return;
        const place = placeOf(index);
        await disk.replace(this.#path(index), sealer.seal(partsOf(sealer.open(sealed, place)), place));
      });
  }

  /** The newest snapshot, or undefined when there is none. Fault data_loss, with the file, when it cannot be read. */
  async newest(): Promise<Snapshot | undefined> {
    const index = (await this.#indexes()).at(-1);
    return index === undefined ? undefined : this.#read(index);
  }

  /** Removes all but the newest snapshot and `keepOld` before it. */
  dropOld(keepOld: number): Promise<void> {
    return this.#changes.run(async () => {
      for (const index of (await this.#indexes()).slice(0, -(keepOld + 1)))
        await this.#options.disk.remove(this.#path(index));
    });
  }

  async #read(index: Index): Promise<Snapshot> {
    const { disk, sealer } = this.#options;
    const path = this.#path(index);
    const sealed = await disk.read(path);
    if (!sealed) throw new Fault("data_loss", `Cannot read the snapshot "${path}": it is gone`);
    try {
      return fromWireSnapshot(fromBinary(SnapshotSchema, sealer.open(sealed, placeOf(index))));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Fault("data_loss", `Cannot read the snapshot "${path}": ${reason}`, { cause });
    }
  }

  async #indexes(): Promise<Index[]> {
    const names = await this.#options.disk.list(this.#options.directory);
    return names.flatMap(name => {
      const match = /^snap-([0-9a-f]{16})\.db$/.exec(name);
      return match ? [BigInt(`0x${match[1]}`)] : [];
    });
  }

  #path(index: Index): string {
    return `${this.#options.directory}/snap-${index.toString(16).padStart(16, "0")}.db`;
  }
}

function partsOf(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += partBytes) parts.push(bytes.subarray(at, at + partBytes));
  return parts;
}

/** As raftpb has it, in parts: the library would copy the data, which is the whole state, several times. */
function encode({ data, ...place }: SnapshotInParts): readonly Uint8Array[] {
  const head = new BinaryWriter().tag(SnapshotSchema.field.data.number, WireType.LengthDelimited);
  const { metadata } = toWireSnapshot({ ...place, data: new Uint8Array(0) });
  return [
    head.uint32(byteLengthOf(data)).finish(),
    ...data,
    toBinary(SnapshotSchema, create(SnapshotSchema, { metadata })),
  ];
}

const placeOf = (index: Index): string => `snapshot after entry ${index}`;
