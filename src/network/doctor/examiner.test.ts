import { beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../ports/log.ts";
import { SimClock, settle } from "../../sim/clock.ts";
import { SimNetOps } from "../../sim/net-ops.ts";
import { SimNetProbes } from "../../sim/net-probes.ts";
import { SimRandom } from "../../sim/random.ts";
import { SimTunnelOps } from "../../sim/tunnel-ops.ts";
import { DataPlane } from "../data-plane.ts";
import { self, twoTasks, wholePlane } from "../plane.test-kit.ts";
import { type Examined, Examiner } from "./examiner.ts";

const table = "shoal_node_self";
const never = new AbortController().signal;

let clock: SimClock;
let ops: SimNetOps;
let probes: SimNetProbes;
let plane: DataPlane;
let examiner: Examiner;

beforeEach(async () => {
  clock = new SimClock();
  ops = new SimNetOps();
  // Otherwise most is put right before it is looked at again.
  ops.failing.add("watch");
  probes = new SimNetProbes(ops);
  const names = {
    listen: async (addresses: readonly string[], handler: Parameters<typeof probes.names.set>[1]) => {
      probes.names.clear();
      for (const address of addresses) probes.names.set(address, handler);
    },
    ask: () => Promise.reject(new Error("nobody")),
    close: async () => {},
  };
  const doors = { clock, random: new SimRandom(1), log: silentLogger };
  plane = new DataPlane({ ...self, ...doors, ops, engine: ops, names, tunnels: new SimTunnelOps() });
  examiner = new Examiner({ plane, ops, engine: ops, probes, clock });
  plane.receive(wholePlane(twoTasks));
  await settle();
});

async function examine(repair = false, away: readonly string[] = []): Promise<Examined> {
  const examined = examiner.examine(repair, new Set(away), never);
  await clock.advance(1_000);
  return examined;
}

const said = async (...args: Parameters<typeof examine>): Promise<string[]> =>
  (await examine(...args)).left.map(({ subject, problem }) => `${subject}: ${problem}`);

describe("a node that is well", () => {
  it("is found to be, and how much was looked at is told", async () => {
    const { left, parts, paths } = await examine();
    expect(left).toEqual([]);
    expect(parts).toMatchObject({ networks: 2, names: 2 });
    expect(parts.links).toBeGreaterThan(10);
    expect(paths.map(({ network, to, reached }) => `${network} ${to} ${reached}`)).toEqual([
      " 192.0.2.2 1500",
      "back 10.0.1.4 1450",
      "ingress 10.0.0.3 1450",
    ]);
  });

  it("is not blamed for nodes that are away", async () => {
    probes.room.set("192.0.2.2", 0).set("10.0.0.3", 0).set("10.0.1.4", 0);
    expect(await said(false, ["node-other"])).toEqual([]);
  });
});

/** What somebody else does to a node, and what is to be said of it. */
const damages: [string, () => unknown, string][] = [
  [
    "an engine's network gone",
    () => ops.remove("shoal-self-b-net-back"),
    "network back: the engine's bridge network is missing",
  ],
  [
    "a bridge that rules do not see into",
    () => ops.hidePassing("sbselfet-back"),
    "network back: bridge sbselfet-back is passing on what the rules do not see",
  ],
  [
    "a container's port that gives nothing back",
    () => ops.addPort("sbselfet-back", "veth1"),
    "network back: port veth1 (sbselfet-back) is no way for a task to itself",
  ],
  [
    "a device gone",
    () => ops.change([{ do: "remove-vxlan", name: "svselfet-back" }]),
    "network back: VXLAN device svselfet-back is missing, down or set up other than it ought to be",
  ],
  [
    "an entry that leads elsewhere",
    () => ops.change([{ do: "set-forwarding", device: "svselfet-back", mac: "02:42:0a:00:01:16", to: "192.0.2.9" }]),
    "network back: forwarding entry 02:42:0a:00:01:16 to 192.0.2.2 (svselfet-back) is missing or wrong",
  ],
  [
    "entries too many",
    () =>
      ops.change([
        { do: "set-neighbour", device: "svselfet-back", address: "10.0.1.77", mac: "02:42:0a:00:01:4d" },
        { do: "set-neighbour", device: "svselfet-back", address: "10.0.1.78", mac: "02:42:0a:00:01:4e" },
      ]),
    "network back: 2 of them: neighbour entry 10.0.1.77 (svselfet-back) is there, and nothing needs it",
  ],
  [
    "a virtual address gone",
    () => ops.change([{ do: "remove-address", bridge: "sbselfet-back", address: "10.0.1.10/32" }]),
    "network back: virtual address 10.0.1.10/32 (sbselfet-back) is missing",
  ],
  [
    "a return path gone",
    async () => {
      const { returns } = await ops.observe([]);
      await ops.change([...returns.values()].map(path => ({ do: "remove-return", path, isLast: false })));
    },
    "network ingress: rule or route for replies by 10.0.0.3 (sbselfet-mesh) is missing or wrong",
  ],
  [
    "a chain that leads elsewhere",
    () => ops.rules.run(`flush chain inet ${table} port_tcp_8080\nadd rule inet ${table} port_tcp_8080 drop\n`),
    `rules: in the nftables table ${table}, published port 8080/tcp is different`,
  ],
  [
    "no rules at all",
    () => ops.rules.run(`delete table inet ${table}`),
    `rules: the nftables table ${table} is missing`,
  ],
  [
    "a kernel setting",
    () => ops.kernel.set("net/ipv4/ip_forward", "0"),
    "kernel: net/ipv4/ip_forward is 0, and must be 1",
  ],
  [
    "the engine's firewall set anew",
    () => ops.passing.clear(),
    "the engine's firewall (iptables): does not let pass what belongs to the swarm's networks",
  ],
];

describe("a node that somebody has laid hands on", () => {
  it.each(damages)("has it said: %s", async (_, damage, finding) => {
    await damage();
    expect(await said()).toContainEqual(finding);
  });

  it.each(damages)("has it put right: %s", async (_, damage, finding) => {
    await damage();
    const { left, repaired } = await examine(true);
    expect(left).toEqual([]);
    expect(repaired.map(({ subject, problem }) => `${subject}: ${problem}`)).toContainEqual(finding);
    expect(await said()).toEqual([]);
  });

  it("says what could not be put right", async () => {
    await ops.change([{ do: "remove-vxlan", name: "svselfet-back" }]);
    ops.kernel.set("net/ipv4/ip_forward", "0");
    ops.failing.add("change");
    const { left, repaired } = await examine(true);
    expect(left.map(({ problem }) => problem)).toEqual([
      "the last try to bring its networks in line failed: change fails",
      expect.stringContaining("VXLAN device svselfet-back is missing"),
    ]);
    expect(repaired.map(({ subject }) => subject)).toEqual(["kernel"]);
  });

  it("is not blamed for a change under way", async () => {
    ops.passing.clear();
    const examined = examiner.examine(false, new Set(), never);
    await settle();
    ops.passing.add("SHOAL-self");
    await clock.advance(1_000);
    expect((await examined).left).toEqual([]);
  });
});

describe("names", () => {
  it("that nobody answers are found", async () => {
    probes.names.clear();
    expect(await said()).toEqual(["network back: names are not answered on 10.0.1.1: no answer from 10.0.1.1"]);
  });

  it("that are answered otherwise are found", async () => {
    const handler = probes.names.get("10.0.1.1")!;
    probes.names.set("10.0.1.1", async (query, from, overTcp) => {
      const answer = Buffer.from((await handler(query, from, overTcp)) ?? []);
      answer[answer.length - 1] = 99;
      return answer;
    });
    expect(await said()).toContainEqual("network back: web is answered with 10.0.1.99, and is 10.0.1.10");
  });
});

it("tells of programs that listen where services publish", async () => {
  probes.listening.push({ protocol: "tcp", port: 8080, address: "192.0.2.1", program: "nginx (process 3)" });
  const { left } = await examine();
  expect(left).toEqual([
    {
      severity: "warning",
      subject: "port 8080/tcp",
      problem: "nginx (process 3) listens there on 192.0.2.1, but calls go to service web, which publishes that port",
      next: "publish another port, or let the program listen on another",
    },
  ]);
});
