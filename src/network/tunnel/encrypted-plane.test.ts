import { beforeEach, describe, expect, it } from "vitest";
import { type Logger, silentLogger } from "../../ports/log.ts";
import { SimClock, settle } from "../../sim/clock.ts";
import { SimNetOps } from "../../sim/net-ops.ts";
import { SimRandom } from "../../sim/random.ts";
import { SimTunnelOps } from "../../sim/tunnel-ops.ts";
import { DataPlane } from "../data-plane.ts";
import { back, mesh, other, type PlaneParts, self, wholePlane } from "../plane.test-kit.ts";

const keyOf = (byte: number) => new Uint8Array(32).fill(byte);
const text = (byte: number) => Buffer.from(keyOf(byte)).toString("base64");
const keyed = { ...other, wireguardKey: keyOf(2), presharedKey: keyOf(3) };
const secret: PlaneParts = { networks: [mesh, { ...back, encrypted: true }], nodes: [keyed] };
const peer = {
  ...{ key: text(2), presharedKey: text(3), endpoint: "192.0.2.2:7946", allowed: "192.0.2.2/32" },
  agreedAt: 0,
};

let clock: SimClock;
let ops: SimNetOps;
let tunnels: SimTunnelOps;
let plane: DataPlane;
let logged: string[];

const start = (seed = 1): DataPlane => {
  const names = { listen: async () => {}, ask: () => Promise.reject(new Error("nobody")), close: async () => {} };
  const note = (message: string, context?: object): void => void logged.push(message + JSON.stringify(context ?? {}));
  const log: Logger = { ...silentLogger, info: note, warn: note, error: note, debug: note };
  return new DataPlane({ ...self, ops, tunnels, engine: ops, names, clock, random: new SimRandom(seed), log });
};
const tell = async (parts: PlaneParts): Promise<void> => {
  void plane.receive(wholePlane(parts));
  await settle();
};
const tunnel = () => tunnels.observe("swself");
const vxlan = async () => (await ops.observe(["sv"])).vxlans.get("svselfet-back");

beforeEach(() => {
  clock = new SimClock();
  ops = new SimNetOps();
  tunnels = new SimTunnelOps(ops.done);
  logged = [];
  plane = start();
});

describe("a node on an encrypted network", () => {
  it("has a tunnel to the others, and sends within it alone", async () => {
    await tell(secret);
    expect(await tunnel()).toMatchObject({ port: 7946, address: "192.0.2.1", mtu: 1_440, peers: [peer] });
    expect(await vxlan()).toMatchObject({ namespace: "swself", mtu: 1_390 });
    const made = ops.done.filter(step => ["add-device", "set-key", "set-peers", "connect", "add-vxlan"].includes(step));
    expect(made.slice(0, 4)).toEqual(["add-device", "set-key", "set-peers", "connect"]);
  });

  it("has none otherwise", async () => {
    await tell({ networks: [mesh, back], nodes: [keyed] });
    expect(await tunnel()).toBeUndefined();
    expect(await vxlan()).toMatchObject({ namespace: "" });
  });

  it("follows the others' keys, secrets and addresses", async () => {
    await tell(secret);
    await tell({ ...secret, nodes: [{ ...keyed, presharedKey: keyOf(4) }] });
    expect((await tunnel())?.peers).toEqual([{ ...peer, presharedKey: text(4) }]);
    await tell({ ...secret, nodes: [{ ...keyed, wireguardKey: keyOf(5), dataAddress: "192.0.2.9" }] });
    const moved = { key: text(5), endpoint: "192.0.2.9:7946", allowed: "192.0.2.9/32" };
    expect((await tunnel())?.peers).toEqual([{ ...peer, ...moved }]);
    await tell({ ...secret, nodes: [] });
    expect((await tunnel())?.peers).toEqual([]);
  });

  it("sends nothing to a node whose key it does not know", async () => {
    await tell({ ...secret, nodes: [other] });
    expect((await tunnel())?.peers).toEqual([]);
  });

  it("takes the tunnel down after the last encrypted network", async () => {
    await tell(secret);
    ops.done.length = 0;
    await tell({ networks: [mesh], nodes: [keyed] });
    expect(await tunnel()).toBeUndefined();
    expect(ops.done.indexOf("remove-vxlan")).toBeLessThan(ops.done.indexOf("remove-tunnel"));
  });

  it("makes the device anew within seconds when it dies, with the same key", async () => {
    await tell(secret);
    const before = await tunnel();
    tunnels.kill("swself");
    await clock.advance(2_500);
    expect(await tunnel()).toEqual(before);
  });

  it("puts right what somebody else has changed", async () => {
    await tell(secret);
    await tunnels.change("swself", [{ do: "remove-peers", keys: [peer.key] }]);
    await clock.advance(2_500);
    expect((await tunnel())?.peers).toEqual([peer]);
  });

  it("makes devices anew that went with their namespace", async () => {
    await tell(secret);
    await tunnels.remove("swself");
    await ops.change([{ do: "remove-vxlan", name: "svselfet-back" }]);
    await clock.advance(2_500);
    expect([(await tunnel())?.peers, (await vxlan())?.namespace]).toEqual([[peer], "swself"]);
  });

  it("takes its key from the device after a restart, and leaves all as it is", async () => {
    await tell(secret);
    const [{ wireguardKey: key }, before] = [await plane.facts(), await tunnel()];
    await plane.stop();
    plane = start(2);
    expect((await plane.facts()).wireguardKey).toEqual(key);
    ops.done.length = 0;
    await tell(secret);
    expect(await tunnel()).toEqual(before);
    expect(ops.done).toEqual(["rules"]);
  });

  it("makes itself another key where there is no device", async () => {
    expect((await start(2).facts()).wireguardKey).not.toEqual((await start(1).facts()).wireguardKey);
  });

  it("takes all away when it leaves", async () => {
    await tell(secret);
    await plane.remove();
    expect(await tunnel()).toBeUndefined();
  });

  it("tells nobody its key", async () => {
    tunnels.failing.add("connect");
    await tell(secret);
    tunnels.failing.clear();
    await clock.advance(1_000);
    tunnels.kill("swself");
    await clock.advance(2_500);
    const { privateKey = "" } = (await tunnel()) ?? {};
    expect(logged.join("\n")).toContain("tunnel");
    for (const key of [privateKey, text(3)]) expect(logged.join("\n")).not.toContain(key);
  });
});

describe("without a tunnel", () => {
  it("an encrypted network is not carried at all, and the others are", async () => {
    tunnels.reason = "wg is not installed";
    await tell(secret);
    expect(await vxlan()).toBeUndefined();
    expect((await ops.observe(["sv"])).vxlans.has("svselfet-mesh")).toBe(true);
    tunnels.reason = undefined;
    await clock.advance(1_000);
    expect((await vxlan())?.namespace).toBe("swself");
  });

  it("that was there and cannot be looked at, nothing is taken down", async () => {
    await tell(secret);
    const observe = tunnels.observe.bind(tunnels);
    tunnels.observe = () => Promise.reject(new Error("cannot fork"));
    await clock.advance(3_000);
    expect((await vxlan())?.namespace).toBe("swself");
    tunnels.observe = observe;
    await clock.advance(2_000);
    expect(await vxlan()).toBeDefined();
  });
});
