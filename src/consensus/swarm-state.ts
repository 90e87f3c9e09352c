import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Fault } from "../lib/fault.ts";
import { decodeSnapshot, encodeSnapshot } from "../store/encoding.ts";
import { TaskReader } from "../store/task-reader.ts";
import { splitMessage } from "../store/wire-split.ts";
import type { StoreSnapshot } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { SnapshotSchema, StoreSnapshotSchema } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { fromRaftMember, type Member, toRaftMember } from "./member.ts";
import { byteLengthOf } from "./record.ts";

/** What a raft snapshot is a snapshot of: the objects, and who the members are. */
export interface SwarmState {
  readonly store: StoreSnapshot;
  readonly members: readonly Member[];
  readonly removed: readonly bigint[];
}

/** Objects encoded in one go. Of many more, a buffer that grows to hold them is copied over and over. */
const objectsPerPart = 100;
/** Parts between two pauses: a few milliseconds of work. */
const partsPerTurn = 10;

/**
 * The state in SwarmKit's format. Waits for `pause` every few milliseconds: with 100,000 tasks it takes a second of work, and a leader
 * has heartbeats to send meanwhile. The objects never change, so it is the state of the moment of the call.
 */
export async function encodeState(state: SwarmState, pause: () => Promise<void>): Promise<Uint8Array> {
  return Buffer.concat(await encodeStateInParts(state, pause));
}

/** The same in parts, one after the other. */
export async function encodeStateInParts(
  state: SwarmState,
  pause: () => Promise<void>,
): Promise<readonly Uint8Array[]> {
  const membership = { members: state.members.map(toRaftMember), removed: [...state.removed] };
  const head = toBinary(SnapshotSchema, create(SnapshotSchema, { membership }));
  const parts: Uint8Array[] = [];
  for (const part of partsOf(state.store)) {
    parts.push(encodeSnapshot(part));
    if (parts.length % partsPerTurn === 0) await pause();
  }
  const store = new BinaryWriter().tag(SnapshotSchema.field.store.number, WireType.LengthDelimited);
  return [head, store.uint32(byteLengthOf(parts)).finish(), ...parts];
}

/** What `tasks` has read before is shared with the state. Throws where the bytes are no state. */
export function decodeState(bytes: Uint8Array, tasks = new TaskReader()): SwarmState {
  const { parts, rest } = splitMessage(bytes, [SnapshotSchema.field.store.number]);
  const { membership } = fromBinary(SnapshotSchema, rest);
  const [store, ...more] = parts.map(part => decodeSnapshot(part.bytes, tasks));
  if (more.length > 0) throw new Fault("data_loss", "Cannot read a state: it has its objects twice");
  return {
    store: store ?? create(StoreSnapshotSchema),
    members: (membership?.members ?? []).map(fromRaftMember),
    removed: membership?.removed ?? [],
  };
}

/** Messages with some of the objects each: their encodings, one after the other, are the encoding of the whole. */
function* partsOf(store: StoreSnapshot): Iterable<StoreSnapshot> {
  const empty = create(StoreSnapshotSchema);
  for (const { localName } of StoreSnapshotSchema.fields) {
    const objects: unknown = Reflect.get(store, localName);
    if (!Array.isArray(objects)) continue;
    // Not by `create`: it looks at each object to see whether it is one.
    for (let at = 0; at < objects.length; at += objectsPerPart)
      yield { ...empty, [localName]: objects.slice(at, at + objectsPerPart) };
  }
}
