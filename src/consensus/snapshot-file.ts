import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import type { Disk } from "../ports/disk.ts";
import { type Snapshot, SnapshotSchema } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import type { Sealer } from "./sealer.ts";

export interface SnapshotOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly sealer: Sealer;
}

/** Writes the state after log entry `index` as one sealed file; durable when it resolves. */
export async function writeSnapshot(options: SnapshotOptions, index: bigint, snapshot: Snapshot): Promise<void> {
  const sealed = options.sealer.seal(toBinary(SnapshotSchema, snapshot), placeOf(index));
  await options.disk.replace(pathOf(options.directory, index), sealed);
}

/** The newest snapshot, or undefined when there is none. Fault data_loss, with the file, when it cannot be read. */
export async function readSnapshot(
  options: SnapshotOptions,
): Promise<{ index: bigint; snapshot: Snapshot } | undefined> {
  const index = (await indexes(options)).at(-1);
  if (index === undefined) return undefined;
  const path = pathOf(options.directory, index);
  const sealed = await options.disk.read(path);
  if (!sealed) throw new Fault("data_loss", `Cannot read the snapshot "${path}": it is gone`);
  try {
    return { index, snapshot: fromBinary(SnapshotSchema, options.sealer.open(sealed, placeOf(index))) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("data_loss", `Cannot read the snapshot "${path}": ${reason}`, { cause });
  }
}

/** Removes all but the newest snapshot and `keepOld` before it. */
export async function dropOldSnapshots(options: SnapshotOptions, keepOld: number): Promise<void> {
  const old = (await indexes(options)).slice(0, -(keepOld + 1));
  for (const index of old) await options.disk.remove(pathOf(options.directory, index));
}

async function indexes({ disk, directory }: SnapshotOptions): Promise<bigint[]> {
  const names = await disk.list(directory);
  return names.flatMap(name => {
    const match = /^snap-([0-9a-f]{16})\.db$/.exec(name);
    return match ? [BigInt(`0x${match[1]}`)] : [];
  });
}

const pathOf = (directory: string, index: bigint): string =>
  `${directory}/snap-${index.toString(16).padStart(16, "0")}.db`;

const placeOf = (index: bigint): string => `snapshot after entry ${index}`;
