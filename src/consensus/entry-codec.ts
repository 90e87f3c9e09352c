import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import type { ConfigChange, MemberChange } from "../raft/config-change.ts";
import type { Entry, Payload } from "../raft/entry.ts";
import {
  ConfChangeSchema,
  ConfChangeTransition,
  ConfChangeType,
  ConfChangeV2Schema,
  EntrySchema,
  EntryType,
  type Entry as WireEntry,
} from "../wire/gen/raftpb/raft_pb.ts";

/*
 * Log entries as etcd's raft and SwarmKit write them. A change of one member without a joint configuration is a ConfChange, which
 * every version understands; anything else a ConfChangeV2.
 */

/** What goes into an entry's `Type` and `Data`. */
export interface EncodedPayload {
  readonly type: EntryType;
  readonly data: Uint8Array;
}

export function encodePayload(payload: Payload): EncodedPayload {
  if (payload.kind === "data") return { type: EntryType.EntryNormal, data: payload.data };
  const { change } = payload;
  const [only] = change.changes;
  if (change.transition === "auto" && only && change.changes.length === 1)
    return { type: EntryType.EntryConfChange, data: encodeSingle(change, only) };
  return { type: EntryType.EntryConfChangeV2, data: encodeSeveral(change) };
}

/** Fault data_loss for what no raft writes. */
export function decodePayload({ type, data }: EncodedPayload): Payload {
  switch (type) {
    case EntryType.EntryNormal:
      return { kind: "data", data };
    case EntryType.EntryConfChange:
      return { kind: "config", change: decodeSingle(data) };
    case EntryType.EntryConfChangeV2:
      return { kind: "config", change: decodeSeveral(data) };
    default:
      throw new Fault("data_loss", `Cannot read a log entry: its type is ${type satisfies never}`);
  }
}

export function toWireEntry(entry: Entry): WireEntry {
  const { type, data } = encodePayload(entry);
  return create(EntrySchema, { Type: type, Term: entry.term, Index: entry.index, Data: data });
}

export function fromWireEntry({ Type, Term, Index, Data }: WireEntry): Entry {
  return { ...decodePayload({ type: Type, data: Data }), index: Index, term: Term };
}

function encodeSingle({ tag, context }: ConfigChange, { kind, id }: MemberChange): Uint8Array {
  return toBinary(ConfChangeSchema, create(ConfChangeSchema, { id: tag, type: typeOf(kind), nodeId: id, context }));
}

function decodeSingle(data: Uint8Array): ConfigChange {
  const { id: tag, type, nodeId: id, context } = fromBinary(ConfChangeSchema, data);
  return { transition: "auto", changes: [{ kind: kindOf(type), id }], tag, context };
}

function encodeSeveral({ transition, changes, context }: ConfigChange): Uint8Array {
  const singles = changes.map(({ kind, id }) => ({ type: typeOf(kind), nodeId: id }));
  const message = create(ConfChangeV2Schema, { transition: transitionTypes[transition], changes: singles, context });
  return toBinary(ConfChangeV2Schema, message);
}

function decodeSeveral(data: Uint8Array): ConfigChange {
  const { transition, changes, context } = fromBinary(ConfChangeV2Schema, data);
  const singles = changes.map(({ type, nodeId }): MemberChange => ({ kind: kindOf(type), id: nodeId }));
  return { transition: transitionOf(transition), changes: singles, tag: 0n, context };
}

const transitionTypes = {
  auto: ConfChangeTransition.ConfChangeTransitionAuto,
  joint: ConfChangeTransition.ConfChangeTransitionJointImplicit,
  "joint-explicit": ConfChangeTransition.ConfChangeTransitionJointExplicit,
} as const satisfies Record<ConfigChange["transition"], ConfChangeTransition>;

function transitionOf(transition: ConfChangeTransition): ConfigChange["transition"] {
  switch (transition) {
    case ConfChangeTransition.ConfChangeTransitionAuto:
      return "auto";
    case ConfChangeTransition.ConfChangeTransitionJointImplicit:
      return "joint";
    case ConfChangeTransition.ConfChangeTransitionJointExplicit:
      return "joint-explicit";
    default:
      throw new Fault(
        "data_loss",
        `Cannot read a change of membership: its transition is ${transition satisfies never}`,
      );
  }
}

const changeTypes = {
  "add-voter": ConfChangeType.ConfChangeAddNode,
  "add-learner": ConfChangeType.ConfChangeAddLearnerNode,
  remove: ConfChangeType.ConfChangeRemoveNode,
  update: ConfChangeType.ConfChangeUpdateNode,
} as const satisfies Record<MemberChange["kind"], ConfChangeType>;

const typeOf = (kind: MemberChange["kind"]): ConfChangeType => changeTypes[kind];

function kindOf(type: ConfChangeType): MemberChange["kind"] {
  switch (type) {
    case ConfChangeType.ConfChangeAddNode:
      return "add-voter";
    case ConfChangeType.ConfChangeAddLearnerNode:
      return "add-learner";
    case ConfChangeType.ConfChangeRemoveNode:
      return "remove";
    case ConfChangeType.ConfChangeUpdateNode:
      return "update";
    default:
      throw new Fault("data_loss", `Cannot read a change of membership: its type is ${type satisfies never}`);
  }
}
