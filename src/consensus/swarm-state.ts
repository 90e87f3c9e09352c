import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { StoreSnapshot } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { SnapshotSchema, StoreSnapshotSchema } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { fromRaftMember, type Member, toRaftMember } from "./member.ts";

/** What a raft snapshot is a snapshot of: the objects, and who the members are. */
export interface SwarmState {
  readonly store: StoreSnapshot;
  readonly members: readonly Member[];
  readonly removed: readonly bigint[];
}

/** Objects encoded in one go; a few milliseconds of work. */
const objectsPerTurn = 1_000;
/** Field 3 of Snapshot, length-delimited. */
const storeTag = (3 << 3) | 2;

/**
 * The state in SwarmKit's format. Waits for `pause` every few milliseconds: with 100,000 tasks it takes a second of work, and a leader
 * has heartbeats to send meanwhile. The objects never change, so it is the state of the moment of the call.
 */
export async function encodeState(state: SwarmState, pause: () => Promise<void>): Promise<Uint8Array> {
  const membership = { members: state.members.map(toRaftMember), removed: [...state.removed] };
  const head = toBinary(SnapshotSchema, create(SnapshotSchema, { membership }));
  const parts: Uint8Array[] = [];
  for (const part of partsOf(state.store)) {
    parts.push(toBinary(StoreSnapshotSchema, part));
    await pause();
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([head, Uint8Array.of(storeTag), varint(length), ...parts]);
}

export function decodeState(bytes: Uint8Array): SwarmState {
  const { store, membership } = fromBinary(SnapshotSchema, bytes);
  return {
    store: store ?? create(StoreSnapshotSchema),
    members: (membership?.members ?? []).map(fromRaftMember),
    removed: membership?.removed ?? [],
  };
}

/** Messages with some of the objects each: their encodings, one after the other, are the encoding of the whole. */
function* partsOf(store: StoreSnapshot): Iterable<StoreSnapshot> {
  for (const { localName } of StoreSnapshotSchema.fields) {
    const objects: unknown = Reflect.get(store, localName);
    if (!Array.isArray(objects)) continue;
    for (let at = 0; at < objects.length; at += objectsPerTurn)
      yield create(StoreSnapshotSchema, { [localName]: objects.slice(at, at + objectsPerTurn) });
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}
