import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Node } from "../model/objects.ts";
import { tunnelSecretOf, withTunnelSecret } from "../model/tunnel-secret.ts";
import { SimRandom } from "../sim/random.ts";
import { newSimStore } from "../sim/store.ts";
import { NetworkAttachmentSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  DriverSchema,
  EncryptionKeySchema,
  NodeStatus_State as NodeState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aCluster, aNetwork, aNode } from "./objects.test-kit.ts";
import { decideTunnelSecret, tunnelSecretLoop } from "./tunnel-secret.ts";

const hour = 3_600_000;
const period = 1_000;
const now = period * 12 * hour + hour;
const context = { now, random: new SimRandom(1), maxWrites: 200 };
const gossip = create(EncryptionKeySchema, { subsystem: "networking:gossip", key: new Uint8Array([1]) });
const before = new Uint8Array(32).fill(9);
const up = aNode("up");
const down = aNode("down", { state: NodeState.DOWN });

const clusterOf = (held?: number) => {
  const cluster = { ...aCluster(), networkBootstrapKeys: [gossip] };
  return held === undefined ? cluster : { ...cluster, networkBootstrapKeys: withTunnelSecret(cluster, before, held) };
};

describe("the secret of tunnels", () => {
  it.each<[string, number | undefined, Node[], "new" | number]>([
    ["is made where there is none", undefined, [up], "new"],
    ["is made for nodes that are away, too", undefined, [down], "new"],
    ["stays for its period", period, [up], 11 * hour],
    ["stays when a clock was ahead", period + 3, [up], 11 * hour],
    ["changes with the period", period - 1, [up], "new"],
    ["waits for a node that is away", period - 1, [up, down], 60_000],
    ["waits for it a period at most", period - 2, [up, down], "new"],
  ])("%s", (_, held, nodes, expected) => {
    const { writes, lookAgainMs } = decideTunnelSecret({ cluster: clusterOf(held), nodes }, context);
    if (expected !== "new") return expect([writes, lookAgainMs]).toEqual([[], expected]);
    expect(writes).toHaveLength(1);
    const [write] = writes;
    const cluster = write?.kind === "update cluster" ? write.cluster : undefined;
    const secret = tunnelSecretOf(cluster);
    expect(secret?.lamportTime).toBe(BigInt(period));
    expect(secret?.key).toHaveLength(32);
    expect(secret?.key).not.toEqual(before);
    expect(cluster?.networkBootstrapKeys).toEqual([gossip, secret]);
  });

  it("is for swarms with an encrypted network, and waits for nodes on one", async () => {
    const store = newSimStore();
    const open = aNetwork("open", "overlay");
    const driverConfig = create(DriverSchema, { name: "overlay", options: { encrypted: "" } });
    const secret = { ...open, id: "secret", spec: { ...open.spec, driverConfig } };
    const on = (id: string, network: typeof open) => ({
      ...aNode(id),
      attachments: [create(NetworkAttachmentSchema, { network })],
    });
    await store.update(tx => {
      tx.cluster.create(aCluster());
      tx.network.create(open);
      tx.node.create(on("a", open));
      tx.node.create(on("b", secret));
    });
    const observed = () => store.view(tx => tunnelSecretLoop.observe(tx, "cluster"));
    expect(observed()).toBeUndefined();
    await store.update(tx => {
      const { annotations } = secret.spec;
      tx.network.create({ ...secret, spec: { ...secret.spec, annotations: { ...annotations, name: "secret" } } });
    });
    expect(observed()?.nodes.map(({ id }) => id)).toEqual(["b"]);
  });
});
