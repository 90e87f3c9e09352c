import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "vitest";
import { sampleConfig, sampleNetwork, sampleNode, sampleSecret, sampleService, sampleTask } from "../sim/samples.ts";
import { newSimStore } from "../sim/store.ts";
import { NodeSchema, ServiceSchema, TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { InternalRaftRequestSchema, StoreActionKind } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { StoreSnapshotSchema } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { decodeSnapshot, encodeSnapshot } from "./encoding.ts";
import { TaskReader } from "./task-reader.ts";

/** A field that this version of the protocol does not know. */
function withUnknownField(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, new BinaryWriter().tag(777, WireType.LengthDelimited).string("from tomorrow").finish()]);
}

async function filled() {
  const store = newSimStore({ encode: true });
  const service = sampleService("s", "web");
  await store.update(tx => {
    tx.node.create(sampleNode("n"));
    tx.service.create(service);
    for (let i = 1; i <= 5; i++) tx.task.create(sampleTask(`t${i}`, service, { slot: BigInt(i), nodeId: "n" }));
    tx.network.create(sampleNetwork("net"));
    tx.secret.create(sampleSecret("sec"));
    tx.config.create(sampleConfig("cfg"));
  });
  return store;
}

describe("a snapshot", () => {
  it("restores everything, indexes too, and nothing that was there before", async () => {
    const store = await filled();
    const bytes = toBinary(StoreSnapshotSchema, store.snapshot());
    const other = newSimStore();
    await other.update(tx => tx.service.create(sampleService("old")));
    other.restore(fromBinary(StoreSnapshotSchema, bytes), store.version);
    expect(toBinary(StoreSnapshotSchema, other.snapshot())).toEqual(bytes);
    expect(other.version).toBe(1n);
    other.view(tx => {
      expect(tx.service.byName("old")).toEqual([]);
      expect(tx.service.byName("WEB").map(service => service.id)).toEqual(["s"]);
      expect([...tx.task.byNode("n")]).toHaveLength(5);
      expect([...tx.task.bySlot("s", 3n)].map(task => task.id)).toEqual(["t3"]);
    });
    await other.update(tx => tx.task.remove("t1"));
    expect(other.version).toBe(2n);
  });

  it("lets tasks of one service share its spec again", async () => {
    const store = await filled();
    const other = newSimStore();
    other.restore(decodeSnapshot(encodeSnapshot(store.snapshot()), new TaskReader()), 1n);
    const specs = other.view(tx => new Set([...tx.task.all()].map(task => task.spec)));
    expect(specs.size).toBe(1);
  });

  it("does not make equal what differs within one spec version", async () => {
    const store = newSimStore();
    const service = sampleService("s");
    await store.update(tx => {
      tx.task.create(sampleTask("a", service));
      tx.task.create({ ...sampleTask("b", service), spec: { ...service.spec.task, forceUpdate: 9n } });
    });
    const other = newSimStore();
    other.restore(decodeSnapshot(encodeSnapshot(store.snapshot()), new TaskReader()), 1n);
    expect(other.view(tx => [tx.task.get("a")?.spec.forceUpdate, tx.task.get("b")?.spec.forceUpdate])).toEqual([
      0n,
      9n,
    ]);
  });

  it("keeps fields that are not known", async () => {
    const task = withUnknownField(toBinary(TaskSchema, sampleTask("t", sampleService("s"))));
    const snapshot = create(StoreSnapshotSchema, { tasks: [fromBinary(TaskSchema, task)] });
    const store = newSimStore();
    store.restore(snapshot, 1n);
    expect(toBinary(StoreSnapshotSchema, store.snapshot())).toEqual(toBinary(StoreSnapshotSchema, snapshot));
  });
});

describe("objects from another manager's log", () => {
  const apply = (target: Parameters<typeof create<typeof InternalRaftRequestSchema>>[1]) => {
    const store = newSimStore();
    store.apply(1n, create(InternalRaftRequestSchema, target));
    return store;
  };
  const action = StoreActionKind.STORE_ACTION_CREATE;

  it("get the parts that the model promises", () => {
    const store = apply({
      action: [
        { action, target: { case: "task", value: { id: "t" } } },
        { action, target: { case: "service", value: { id: "s" } } },
        { action, target: { case: "node", value: { id: "n" } } },
        { action, target: { case: "resource", value: { id: "r" } } },
      ],
    });
    store.view(tx => {
      expect(tx.task.get("t")).toMatchObject({
        meta: {},
        spec: {},
        status: {},
        annotations: {},
        serviceAnnotations: {},
      });
      expect(tx.service.get("s")).toMatchObject({ meta: {}, spec: { annotations: { name: "" }, task: {} } });
      expect(tx.node.get("n")).toMatchObject({ meta: {}, spec: { annotations: {} }, status: {} });
      expect(tx.resource.get("r")).toMatchObject({ meta: {}, annotations: { name: "" } });
    });
  });

  it("keep fields that are not known", () => {
    const node = fromBinary(NodeSchema, withUnknownField(toBinary(NodeSchema, sampleNode("n"))));
    const service = fromBinary(ServiceSchema, withUnknownField(toBinary(ServiceSchema, sampleService("s"))));
    const store = apply({
      action: [
        { action, target: { case: "node", value: node } },
        { action, target: { case: "service", value: service } },
      ],
    });
    const stored = store.view(tx => [tx.node.get("n"), tx.service.get("s")]);
    expect(stored.map(object => object?.$unknown?.map(field => field.no))).toEqual([[777], [777]]);
  });

  it("with an action that nobody knows are not passed over", () => {
    expect(() =>
      apply({ action: [{ action: 9 as StoreActionKind, target: { case: "task", value: { id: "t" } } }] }),
    ).toThrow("an action of unknown kind");
    expect(() => apply({ action: [{ action }] })).toThrow("an action without a target");
  });
});
