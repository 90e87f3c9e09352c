import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Node } from "../../model/objects.ts";
import { newSimStore, type SimStore } from "../../sim/store.ts";
import type { ReadTx, StoreEvent, WriteTx } from "../../store/tx.ts";
import { EndpointSpecSchema, EndpointSpec_ResolutionMode as Mode } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { PortConfig_PublishMode as PublishMode, TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { PlaneChange } from "../../wire/gen/shoal/v1/network_pb.ts";
import { aNetwork, aNode, aService, aTask, attached, itemOf, words } from "./plane.test-kit.ts";
import { PlaneSet, planeOf } from "./plane-set.ts";
import { PlaneWatch } from "./plane-watch.ts";

const ingress = aNetwork("ingress", 0);
const front = aNetwork("front", 1, { encrypted: "", "com.docker.network.driver.mtu": "1400" });
const back = aNetwork("back", 2);
const web = aService("web", front, {
  ports: [{ targetPort: 80, publishedPort: 8080 }],
  virtualIps: [
    { networkId: "ingress", addr: "10.0.0.9/24" },
    { networkId: "front", addr: "10.0.1.9/24" },
  ],
});
const db = aService("db", back, { virtualIps: [{ networkId: "back", addr: "10.0.2.9/24" }] });
const web1 = aTask("web1", web, "n1", attached(ingress, "10.0.0.20/24"), attached(front, "10.0.1.20/24", ["w"]));
const db1 = aTask("db1", db, "n2", attached(back, "10.0.2.20/24"));

async function swarm(): Promise<SimStore> {
  const store = newSimStore();
  await store.update(tx => {
    for (const network of [ingress, front, back]) tx.network.create(network);
    tx.node.create(aNode("n1", attached(ingress, "10.0.0.2/24"), attached(front, "10.0.1.2/24")));
    tx.node.create(aNode("n2", attached(ingress, "10.0.0.3/24"), attached(back, "10.0.2.3/24")));
    tx.node.create(aNode("n3", attached(ingress, "10.0.0.4/24")));
    for (const service of [web, db]) tx.service.create(service);
    for (const task of [web1, db1]) tx.task.create(task);
  });
  return store;
}

const planeFor = (store: SimStore, id: string) => store.view((tx: ReadTx) => planeOf(tx, id));
const change = <T>(object: T | undefined, part: Partial<T>): T => ({ ...object!, ...part });

describe("a node's plane", () => {
  it.each([
    ["n1", ["endpoint web1", "network front", "network ingress", "node n2", "node n3", "service web"]],
    [
      "n2",
      [
        "endpoint db1",
        "endpoint web1",
        "network back",
        "network ingress",
        "node n1",
        "node n3",
        "service db",
        "service web",
      ],
    ],
    ["n3", ["endpoint web1", "network ingress", "node n1", "node n2", "service web"]],
    ["nobody", []],
  ])("of %s is what is on its networks, and nothing else", async (id, expected) => {
    expect(words(planeFor(await swarm(), id))).toEqual(expected.map(word => `+${word}`));
  });

  it("says all that a network is made from", async () => {
    expect(itemOf(planeFor(await swarm(), "n1"), "network", "front")).toMatchObject({
      name: "front",
      vxlanId: 4097,
      vxlanPort: 4789,
      subnets: [{ cidr: "10.0.1.0/24", gateway: "10.0.1.2" }],
      mtu: 1400,
      encrypted: true,
      ingress: false,
    });
  });

  it("tells of others only what is on its own networks", async () => {
    const store = await swarm();
    expect(itemOf(planeFor(store, "n2"), "node", "n1")).toMatchObject({
      dataAddress: "192.0.2.1",
      attachments: [{ networkId: "ingress", addresses: ["10.0.0.2/24"] }],
    });
    expect(itemOf(planeFor(store, "n2"), "endpoint", "web1")).toMatchObject({
      ...{ name: "web.1.web1", nodeId: "n1", ready: true },
      attachments: [{ networkId: "ingress", addresses: ["10.0.0.20/24"] }],
    });
    expect(itemOf(planeFor(store, "n2"), "service", "web")).toMatchObject({
      virtualIps: [{ networkId: "ingress", address: "10.0.0.9/24" }],
      ports: [{ publishedPort: 8080 }],
      names: [],
    });
    expect(itemOf(planeFor(store, "n1"), "service", "web")).toMatchObject({
      names: [{ networkId: "front", aliases: ["web-alias"] }],
    });
    expect(itemOf(planeFor(store, "n1"), "endpoint", "web1").attachments).toMatchObject([
      { networkId: "ingress" },
      { networkId: "front", aliases: ["w"] },
    ]);
  });

  it.each<[string, Record<string, string>, object]>([
    ["nothing", {}, { allowFrom: [], restricted: false, localOnly: false }],
    ["who may call", { "shoal.allow-from": "web, api" }, { allowFrom: ["web", "api"], restricted: true }],
    ["that nobody may call", { "shoal.allow-from": "" }, { allowFrom: [], restricted: true }],
    ["local backends", { "shoal.publish-local": "true" }, { localOnly: true }],
    ["no local backends", { "shoal.publish-local": "false" }, { localOnly: false }],
  ])("takes from a service's labels: %s", async (_, labels, expected) => {
    const store = await swarm();
    await store.update(tx => {
      const { spec } = db;
      const named = { ...spec, annotations: { ...spec.annotations, labels } };
      tx.service.update(change(tx.service.get("db"), { spec: named }));
    });
    expect(itemOf(planeFor(store, "n2"), "service", "db")).toMatchObject(expected);
  });

  it("has the addresses that the node publishes on", async () => {
    const store = await swarm();
    await store.update(tx => {
      const node = tx.node.get("n3")!;
      const labels = { "shoal.publish-addresses": "192.0.2.3,fd00::3", other: "x" };
      tx.node.update({ ...node, spec: { ...node.spec, annotations: { ...node.spec.annotations, labels } } });
    });
    expect(itemOf(planeFor(store, "n3"), "service", "web").publishAddresses).toEqual(["192.0.2.3", "fd00::3"]);
    expect(itemOf(planeFor(store, "n1"), "service", "web").publishAddresses).toEqual([]);
    expect(itemOf(planeFor(store, "n1"), "node", "n3").labels).toEqual({
      "shoal.publish-addresses": "192.0.2.3,fd00::3",
    });
  });
});

describe("a task", () => {
  it.each<[string, TaskState, TaskState, boolean | undefined]>([
    ["waits for its node", TaskState.PENDING, TaskState.RUNNING, undefined],
    ["is being prepared", TaskState.PREPARING, TaskState.RUNNING, false],
    ["is starting", TaskState.STARTING, TaskState.RUNNING, false],
    ["runs", TaskState.RUNNING, TaskState.RUNNING, true],
    ["runs as a job", TaskState.RUNNING, TaskState.COMPLETE, true],
    ["is to stop", TaskState.RUNNING, TaskState.SHUTDOWN, false],
    ["is to go", TaskState.RUNNING, TaskState.REMOVE, false],
    ["has failed", TaskState.FAILED, TaskState.RUNNING, undefined],
    ["has ended", TaskState.SHUTDOWN, TaskState.SHUTDOWN, undefined],
  ])("that %s", async (_, state, desiredState, ready) => {
    const store = await swarm();
    await store.update(tx => {
      const task = tx.task.get("db1")!;
      tx.task.update({ ...task, desiredState, status: { ...task.status, state } });
    });
    const plane = planeFor(store, "n2");
    if (ready === undefined) expect(words(plane)).not.toContain("+endpoint db1");
    else expect(itemOf(plane, "endpoint", "db1").ready).toBe(ready);
  });
});

/** Each change and what it is to each of three nodes: nothing where none is named. */
const differences: readonly [string, (tx: WriteTx) => void, Record<string, string[]>][] = [
  ["progress of a task", tx => setState(tx, "db1", TaskState.RUNNING, "still running"), {}],
  [
    "a task that ends",
    tx => setState(tx, "web1", TaskState.FAILED),
    { n1: ["-endpoint web1"], n2: ["-endpoint web1"], n3: ["-endpoint web1"] },
  ],
  [
    "a task that is to stop",
    tx => void tx.task.update(change(tx.task.get("db1"), { desiredState: TaskState.SHUTDOWN })),
    { n2: ["+endpoint db1"] },
  ],
  ["a task that is removed", tx => tx.task.remove("db1"), { n2: ["-endpoint db1"] }],
  [
    "a service without addresses",
    tx => {
      const service = tx.service.get("db")!;
      const endpoint = { ...service.endpoint!, virtualIps: [] };
      const spec = { ...service.spec, endpoint: create(EndpointSpecSchema, { mode: Mode.DNSRR }) };
      tx.service.update({ ...service, endpoint, spec });
    },
    { n2: ["+service db"] },
  ],
  [
    "a service that publishes on the nodes of its tasks alone",
    tx => {
      const service = tx.service.get("web")!;
      const ports = service.endpoint!.ports.map(port => ({ ...port, publishMode: PublishMode.HOST }));
      tx.service.update({ ...service, endpoint: { ...service.endpoint!, ports } });
    },
    { n1: ["+service web"], n2: ["-service web"], n3: ["-service web"] },
  ],
  ["a service that is removed", tx => tx.service.remove("db"), { n2: ["-service db"] }],
  [
    "a node that enters a network",
    tx => enter(tx, "n3", attached(back, "10.0.2.4/24")),
    { n2: ["+node n3"], n3: ["+endpoint db1", "+network back", "+node n2", "+service db"] },
  ],
  [
    "a node that leaves a network",
    tx => void tx.node.update(change(tx.node.get("n2"), { attachments: [attached(ingress, "10.0.0.3/24")] })),
    { n2: ["-endpoint db1", "-network back", "-service db"] },
  ],
  [
    "a node at another address",
    tx => {
      const node = tx.node.get("n3")!;
      tx.node.update({ ...node, status: { ...node.status, addr: "192.0.2.33" } });
    },
    { n1: ["+node n3"], n2: ["+node n3"] },
  ],
  [
    "a node that is removed",
    tx => tx.node.remove("n3"),
    {
      n1: ["-node n3"],
      n2: ["-node n3"],
      n3: ["-endpoint web1", "-network ingress", "-node n1", "-node n2", "-service web"],
    },
  ],
];

function setState(tx: WriteTx, id: string, state: TaskState, message = ""): void {
  const task = tx.task.get(id)!;
  tx.task.update({ ...task, status: { ...task.status, state, message } });
}

function enter(tx: WriteTx, id: string, attachment: Node["attachments"][number]): void {
  const node = tx.node.get(id)!;
  tx.node.update({ ...node, attachments: [...node.attachments, attachment] });
}

describe("a change", () => {
  it.each(differences)("is told to those it concerns: %s", async (_, write, expected) => {
    const store = await swarm();
    const { streams, watch } = follow(store, ["n1", "n2", "n3"]);
    store.onCommit(events => {
      for (const event of events) watch.see(event as StoreEvent);
    });
    await store.update(write);
    const told = Object.fromEntries(
      [...streams].flatMap(([id, stream]) => {
        const changes = stream.next();
        return changes.length === 0 ? [] : [[id, words(changes)]];
      }),
    );
    expect(told).toEqual(expected);
  });

  it("is looked at by nobody whom it does not concern", async () => {
    const store = await swarm();
    const { woken, watch } = follow(store, ["n1", "n2", "n3"]);
    store.onCommit(events => {
      for (const event of events) watch.see(event as StoreEvent);
    });
    await store.update(tx => setState(tx, "db1", TaskState.RUNNING, "said again"));
    expect(woken()).toEqual([]);
    await store.update(tx => tx.task.remove("db1"));
    expect(woken()).toEqual(["n2"]);
  });
});

function follow(store: SimStore, ids: readonly string[]) {
  const watch = new PlaneWatch();
  const woken = new Set<string>();
  const streams = new Map<string, { next: () => PlaneChange[] }>();
  for (const id of ids) {
    const watcher = store.view(tx => watch.open(tx, id, () => woken.add(id)));
    const set = new PlaneSet(id);
    store.view(tx => set.all(tx));
    streams.set(id, { next: () => store.view(tx => set.changes(tx, watcher.take())) });
  }
  return { streams, watch, woken: () => [...woken].sort() };
}
