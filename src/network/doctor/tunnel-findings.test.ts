import { beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../ports/log.ts";
import { SimClock, settle } from "../../sim/clock.ts";
import { SimNetOps } from "../../sim/net-ops.ts";
import { SimNetProbes } from "../../sim/net-probes.ts";
import { SimRandom } from "../../sim/random.ts";
import { SimTunnelOps } from "../../sim/tunnel-ops.ts";
import { DataPlane } from "../data-plane.ts";
import { back, other, type PlaneParts, planeOf, self, wholePlane } from "../plane.test-kit.ts";
import { Examiner } from "./examiner.ts";
import { silentFindings } from "./tunnel-findings.ts";

const keyOf = (byte: number) => new Uint8Array(32).fill(byte);
const text = (byte: number) => Buffer.from(keyOf(byte)).toString("base64");
const secret: PlaneParts = {
  networks: [{ ...back, encrypted: true }],
  nodes: [{ ...other, wireguardKey: keyOf(2), presharedKey: keyOf(3) }],
};
const never = new AbortController().signal;

let clock: SimClock;
let tunnels: SimTunnelOps;
let plane: DataPlane;
let examiner: Examiner;

beforeEach(async () => {
  clock = new SimClock();
  tunnels = new SimTunnelOps();
  const ops = new SimNetOps();
  const names = { listen: async () => {}, ask: () => Promise.reject(new Error("nobody")), close: async () => {} };
  const doors = { clock, random: new SimRandom(1), log: silentLogger };
  plane = new DataPlane({ ...self, ...doors, ops, engine: ops, names, tunnels });
  examiner = new Examiner({ plane, ops, engine: ops, probes: new SimNetProbes(ops), clock });
  void plane.receive(wholePlane(secret));
  await settle();
});

const tunnelProblems = async (repair = false) => {
  const examined = examiner.examine(repair, new Set([other.id]), never);
  await clock.advance(1_000);
  const { left, repaired } = await examined;
  const ofTunnel = (all: typeof left) =>
    all.filter(({ subject }) => subject.includes("tunnel")).map(one => one.problem);
  return { left: ofTunnel(left), repaired: ofTunnel(repaired) };
};

describe("the tunnel of a node", () => {
  it("is found to be well", async () => {
    expect(await tunnelProblems()).toEqual({ left: [], repaired: [] });
  });

  it.each<[string, () => unknown, string]>([
    ["its device gone", () => tunnels.kill("swself"), "its device is missing"],
    [
      "another node gone from it",
      () => tunnels.change("swself", [{ do: "remove-peers", keys: [text(2)] }]),
      "other nodes are missing or wrong in it: 1",
    ],
    [
      "another address",
      () => tunnels.change("swself", [{ do: "connect", address: "192.0.2.77", mtu: 1_440 }]),
      "its device is down, or has another address or MTU than it ought to have",
    ],
  ])("has it said, and put right: %s", async (_, damage, problem) => {
    await damage();
    expect((await tunnelProblems()).left).toEqual([problem]);
    expect(await tunnelProblems(true)).toEqual({ left: [], repaired: [problem] });
  });
});

describe("a node at the tunnel's other end", () => {
  const now = 10_000;
  it.each<[string, number, string[], number]>([
    ["with which keys hold", now - 100, [], 0],
    ["with which keys hold no longer", now - 200, [], 1],
    ["with which none ever did", 0, [], 1],
    ["that is away", 0, [other.id], 0],
  ])("%s", async (_, agreedAt, away, count) => {
    const tunnel = await tunnels.observe("swself");
    const actual = tunnel && { ...tunnel, peers: tunnel.peers.map(peer => ({ ...peer, agreedAt })) };
    const findings = silentFindings(actual, planeOf(secret).nodes.values(), new Set(away), now);
    expect(findings).toHaveLength(count);
    for (const { subject, next } of findings)
      expect([subject, next]).toEqual(["path to other", expect.stringContaining("7946")]);
  });
});
