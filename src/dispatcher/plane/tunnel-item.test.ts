import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { newMeta } from "../../model/objects.ts";
import { withTunnelSecret } from "../../model/tunnel-secret.ts";
import { newSimStore, type SimStore } from "../../sim/store.ts";
import { ClusterSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ClusterSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema, NodeDescriptionSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { sessionMessage } from "../session-message.ts";
import { aNetwork, aNode, attached, itemOf, words } from "./plane.test-kit.ts";
import { PlaneSet, planeOf } from "./plane-set.ts";
import { PlaneWatch } from "./plane-watch.ts";

const open = aNetwork("open", 1);
const secret = aNetwork("secret", 2, { encrypted: "" });
const keyOf = (byte: number) => new Uint8Array(32).fill(byte);

const nodeOf = (number: number, ...attachments: Parameters<typeof attached>[]) => ({
  ...aNode(`n${number}`, ...attachments.map(each => attached(...each))),
  description: create(NodeDescriptionSchema, {
    engine: { labels: { "shoal.wireguard-key": Buffer.from(keyOf(number)).toString("base64") } },
  }),
});

/** Nodes 1 and 2 share both networks, node 3 only the one in the clear. */
async function swarm(): Promise<SimStore> {
  const store = newSimStore();
  await store.update(tx => {
    const spec = { ...create(ClusterSpecSchema), annotations: create(AnnotationsSchema, { name: "default" }) };
    const cluster = { ...create(ClusterSchema, { id: "c" }), meta: newMeta(), spec };
    tx.cluster.create({ ...cluster, networkBootstrapKeys: withTunnelSecret(cluster, keyOf(100), 1) });
    for (const network of [open, secret]) tx.network.create(network);
    tx.node.create(nodeOf(1, [open, "10.0.1.2/24"], [secret, "10.0.2.2/24"]));
    tx.node.create(nodeOf(2, [open, "10.0.1.3/24"], [secret, "10.0.2.3/24"]));
    tx.node.create(nodeOf(3, [open, "10.0.1.4/24"]));
  });
  return store;
}

const toldOf = (store: SimStore, to: string, of: string) =>
  itemOf(
    store.view(tx => planeOf(tx, to)),
    "node",
    of,
  );

it("tells a node's key to those alone who share an encrypted network with it", async () => {
  const store = await swarm();
  expect(toldOf(store, "n1", "n2").wireguardKey).toEqual(keyOf(2));
  expect(toldOf(store, "n2", "n1").wireguardKey).toEqual(keyOf(1));
  for (const [to, of] of [
    ["n1", "n3"],
    ["n3", "n1"],
  ] as const) {
    const { wireguardKey, presharedKey } = toldOf(store, to, of);
    expect([wireguardKey.length, presharedKey.length]).toEqual([0, 0]);
  }
});

it("gives two nodes a secret that is theirs alone", async () => {
  const store = await swarm();
  await store.update(tx => {
    const node = tx.node.get("n3")!;
    tx.node.update({ ...node, attachments: [...node.attachments, attached(secret, "10.0.2.4/24")] });
  });
  const { presharedKey } = toldOf(store, "n1", "n2");
  expect(presharedKey).toHaveLength(32);
  expect(toldOf(store, "n2", "n1").presharedKey).toEqual(presharedKey);
  expect(toldOf(store, "n1", "n3").presharedKey).not.toEqual(presharedKey);
  expect(presharedKey).not.toEqual(keyOf(100));
});

it("tells of another secret those who have a tunnel, at once", async () => {
  const store = await swarm();
  const watch = new PlaneWatch();
  const followed = ["n1", "n3"].map(id => {
    const set = new PlaneSet(id);
    const watcher = store.view(tx => watch.open(tx, id, () => {}));
    store.view(tx => set.all(tx));
    return { set, watcher };
  });
  store.onCommit(events => {
    for (const event of events) watch.see(event);
  });
  const before = toldOf(store, "n1", "n2").presharedKey;
  await store.update(tx => {
    const cluster = tx.cluster.get("c")!;
    tx.cluster.update({ ...cluster, networkBootstrapKeys: withTunnelSecret(cluster, keyOf(101), 2) });
  });
  const changes = followed.map(({ set, watcher }) => store.view(tx => set.changes(tx, watcher.take())));
  expect(changes.map(words)).toEqual([["+node n2"], []]);
  expect(itemOf(changes[0]!, "node", "n2").presharedKey).not.toEqual(before);
});

it("keeps what all these secrets are made from with the managers", async () => {
  const store = await swarm();
  const message = store.view(tx => sessionMessage(tx, { id: "s", nodeId: "n1" }, []));
  expect(message.networkBootstrapKeys).toEqual([]);
});
