import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { SnapshotSchema, StoreSnapshotSchema } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { MessageSchema, MessageType } from "../wire/gen/raftpb/raft_pb.ts";
import { secret } from "./quorum.test-kit.ts";
import { joinParts, snapshotParts } from "./snapshot-parts.ts";
import { decodeState, encodeState } from "./swarm-state.ts";

const members = [{ raftId: 5n, nodeId: "five", address: "10.0.0.5:2377" }];

it.each([
  [0, 0],
  [1, 0],
  [999, 1],
  [1_000, 1],
  [2_500, 2],
])("encodes a state of %d objects as one message, with %d pauses", async (count, expectedPauses) => {
  const secrets = Array.from({ length: count }, (_, at) => secret(`s${at}`));
  const store = create(StoreSnapshotSchema, { secrets });
  let pauses = 0;
  const bytes = await encodeState({ store, members, removed: [7n, 8n] }, async () => {
    pauses += 1;
  });
  expect(pauses).toBe(expectedPauses);
  expect(Buffer.from(toBinary(SnapshotSchema, fromBinary(SnapshotSchema, bytes))).equals(bytes)).toBe(true);
  const state = decodeState(bytes);
  expect(state.members).toEqual(members);
  expect(state.removed).toEqual([7n, 8n]);
  expect(state.store.secrets.map(({ id }) => id)).toEqual(secrets.map(({ id }) => id));
});

it("splits a snapshot's message, and joins its parts", async () => {
  const data = new Uint8Array(7 * 1024 * 1024).map((_, at) => at % 251);
  const metadata = { index: 4n, term: 2n, confState: { voters: [1n] } };
  const message = create(MessageSchema, { type: MessageType.MsgSnap, from: 1n, to: 2n, snapshot: { data, metadata } });
  let parts = 0;
  async function* counted() {
    for await (const part of snapshotParts(message)) {
      parts += 1;
      yield part;
    }
  }
  const joined = await joinParts(counted());
  expect(parts).toBe(3);
  expect(Buffer.from(toBinary(MessageSchema, joined)).equals(toBinary(MessageSchema, message))).toBe(true);
});
