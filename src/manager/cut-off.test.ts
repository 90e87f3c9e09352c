import { describe, expect, it } from "vitest";
import type { Node } from "../model/objects.ts";
import type { Listener } from "../ports/transport.ts";
import { sampleNode } from "../sim/samples.ts";
import { newSimStore } from "../sim/store.ts";
import type { WriteTx } from "../store/tx.ts";
import { NodeRole } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { cutOffFormer } from "./cut-off.ts";

const { MANAGER, WORKER } = NodeRole;
const change = (node: Partial<Node>) => (tx: WriteTx) => tx.node.update({ ...tx.node.get("n")!, ...node });

describe("a node's connections", () => {
  it.each<[string, NodeRole, (tx: WriteTx) => unknown, boolean]>([
    ["end when it is removed", WORKER, tx => tx.node.remove("n"), true],
    ["end when it is a manager no more", MANAGER, change({ role: WORKER }), true],
    ["stay when it becomes a manager", WORKER, change({ role: MANAGER }), false],
    ["stay when it changes otherwise", MANAGER, change({ VXLANUDPPort: 4790 }), false],
  ])("%s", async (_, role, write, cut) => {
    const store = newSimStore();
    await store.update(tx => tx.node.create({ ...sampleNode("n"), role }));
    const cutOff: string[] = [];
    const listener: Listener = { address: "", disconnect: id => cutOff.push(id), close: async () => {} };
    const stop = cutOffFormer(store, listener);
    await store.update(tx => void write(tx));
    expect(cutOff).toEqual(cut ? ["n"] : []);
    stop();
    await store.update(tx => tx.node.create(sampleNode("other")));
    await store.update(tx => tx.node.remove("other"));
    expect(cutOff.length).toBe(cut ? 1 : 0);
  });
});
