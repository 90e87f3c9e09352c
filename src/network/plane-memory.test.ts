import { beforeEach, describe, expect, it } from "vitest";
import type { Logger } from "../ports/log.ts";
import { silentLogger } from "../ports/log.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimNetOps } from "../sim/net-ops.ts";
import { SimRandom } from "../sim/random.ts";
import { SimTunnelOps } from "../sim/tunnel-ops.ts";
import { DataPlane } from "./data-plane.ts";
import { back, other, type PlaneParts, planeOf, self, twoTasks, wholePlane } from "./plane.test-kit.ts";
import { PlaneMemory } from "./plane-memory.ts";
import { applyMessage, emptyPlane } from "./plane-state.ts";

const path = "/swarm/worker/networks";

let clock: SimClock;
let disk: SimDisk;
let warnings: string[];

const memory = (nodeId = self.nodeId): PlaneMemory => {
  const log: Logger = { ...silentLogger, warn: text => void warnings.push(text) };
  return new PlaneMemory({ disk, path, nodeId, clock, log });
};

beforeEach(() => {
  clock = new SimClock();
  disk = new SimDisk();
  warnings = [];
});

const recalled = async (nodeId?: string) => {
  const message = await memory(nodeId).load();
  return message && applyMessage(emptyPlane, message);
};

it("gives back what was noted last", async () => {
  const first = memory();
  first.note(planeOf({ networks: [back] }));
  first.note(planeOf(twoTasks));
  await first.close();
  expect(await recalled()).toEqual(planeOf(twoTasks));
});

it("writes every two seconds at most, and the rest when it is closed", async () => {
  const one = memory();
  one.note(planeOf({ networks: [back] }));
  await settle();
  one.note(planeOf(twoTasks));
  await clock.advance(1_900);
  expect((await recalled())?.endpoints.size).toBe(0);
  await clock.advance(200);
  expect((await recalled())?.endpoints.size).toBe(2);
  one.note(planeOf({ networks: [back] }));
  await one.close();
  expect((await recalled())?.endpoints.size).toBe(0);
});

it("keeps no secret of a tunnel's", async () => {
  const keys = {
    wireguardKey: new Uint8Array(32).fill(1),
    presharedKey: Buffer.from("a secret of thirty-two bytes, ok"),
  };
  const one = memory();
  one.note(planeOf({ nodes: [{ ...other, ...keys }] }));
  await one.close();
  expect((await recalled())?.nodes.get(other.id)?.wireguardKey).toEqual(keys.wireguardKey);
  expect(Buffer.from((await disk.read(path))!).includes(keys.presharedKey)).toBe(false);
});

it("knows nothing without a file, and says nothing of it", async () => {
  expect(await recalled()).toBeUndefined();
  expect(warnings).toEqual([]);
});

it.each([
  ["cut short", (content: Uint8Array) => content.subarray(0, 40)],
  ["empty", () => new Uint8Array(0)],
  [
    "with one bit turned",
    (content: Uint8Array) => content.map((byte, at) => (at === content.length - 3 ? byte ^ 1 : byte)),
  ],
])("takes a file for none that is damaged: %s", async (_, damage) => {
  const one = memory();
  one.note(planeOf(twoTasks));
  await one.close();
  const content = await disk.read(path);
  await disk.replace(path, damage(content ?? new Uint8Array(0)));
  expect(await recalled()).toBeUndefined();
  expect(warnings).toEqual(["cannot read what was kept of this node's networks"]);
});

it("takes another node's file for none", async () => {
  const one = memory("node-before");
  one.note(planeOf(twoTasks));
  await one.close();
  expect(await recalled()).toBeUndefined();
  expect(await recalled("node-before")).toEqual(planeOf(twoTasks));
});

it("forgets for good", async () => {
  const one = memory();
  one.note(planeOf(twoTasks));
  await one.forget();
  one.note(planeOf(twoTasks));
  await settle();
  expect(await disk.read(path)).toBeUndefined();
});

describe("a data plane that remembers", () => {
  const names: string[][] = [];
  const start = (ops: SimNetOps): DataPlane =>
    new DataPlane({
      ...{
        ...self,
        ops,
        tunnels: new SimTunnelOps(),
        engine: ops,
        memory: memory(),
        clock,
        random: new SimRandom(1),
        log: silentLogger,
      },
      names: {
        listen: async addresses => void names.push([...addresses]),
        ask: () => Promise.reject(new Error("nobody")),
        close: async () => {},
      },
    });
  const shape = (ops: SimNetOps) => ops.rules.contents("shoal_node_self");

  it("lets rules and names go on after a restart without managers, until these say something else", async () => {
    const before = new SimNetOps();
    const first = start(before);
    first.receive(wholePlane(twoTasks));
    await settle();
    await first.stop();
    const after = new SimNetOps();
    const second = start(after);
    await second.recall();
    await settle();
    expect(shape(after)).toEqual(shape(before));
    expect(await after.list()).toEqual(await before.list());
    expect(names.at(-1)).toEqual(names[0]);
    expect(second.nameServers(["net-back"])).toEqual(["10.0.1.1"]);
    const less: PlaneParts = { networks: [back] };
    second.receive(wholePlane(less));
    await settle();
    expect((await after.list()).map(({ networkId }) => networkId)).toEqual(["net-back"]);
  });

  it("leaves nothing when the node leaves", async () => {
    const ops = new SimNetOps();
    const plane = start(ops);
    plane.receive(wholePlane(twoTasks));
    await settle();
    await plane.remove();
    expect(await disk.read(path)).toBeUndefined();
    expect(await ops.list()).toEqual([]);
  });
});
