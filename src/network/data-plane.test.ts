import { beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { sleep } from "../ports/clock.ts";
import { silentLogger } from "../ports/log.ts";
import { noMeters } from "../ports/meters.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimNetOps } from "../sim/net-ops.ts";
import { SimRandom } from "../sim/random.ts";
import { SimTunnelOps } from "../sim/tunnel-ops.ts";
import { DataPlane } from "./data-plane.ts";
import { back, mesh, type PlaneParts, planeOf, self, twoTasks, webTask, wholePlane } from "./plane.test-kit.ts";
import { wantedPlane } from "./wanted.ts";

const table = "shoal_node_self";
const prefixes = ["sbself", "svself"];
const never = new AbortController().signal;

let clock: SimClock;
let ops: SimNetOps;
let tunnels: SimTunnelOps;
let plane: DataPlane;
let listening: readonly string[];
let measured: string[];

const start = (): DataPlane => {
  const names = {
    listen: async (addresses: readonly string[]) => {
      listening = addresses;
    },
    ask: () => Promise.reject(new Error("nobody")),
    close: async () => {
      listening = [];
    },
  };
  const meters = {
    ...noMeters,
    networkApplied: (_ms: number, isDone: boolean) => void measured.push(isDone ? "applied" : "failed"),
    networkRepaired: () => void measured.push("repaired"),
  };
  const random = new SimRandom(1);
  return new DataPlane({ ...self, ops, tunnels, engine: ops, names, clock, random, log: silentLogger, meters });
};

const tell = async (parts: PlaneParts): Promise<void> => {
  plane.receive(wholePlane(parts));
  await settle();
};

/** The machine is what `parts` ask for, and nothing else. */
const expectAll = async (parts: PlaneParts): Promise<void> => {
  const wanted = wantedPlane(planeOf(parts), self, new Set());
  expect(await ops.observe(prefixes)).toEqual(wanted.links);
  expect(await ops.list()).toEqual([...wanted.bridges].sort((a, b) => (a.name < b.name ? -1 : 1)));
  for (const [name, { rules }] of wanted.rules.chains) expect(ops.rules.rules(table, name)).toEqual(rules);
  for (const [name, { elements }] of wanted.rules.sets)
    expect(new Set(ops.rules.elements(table, name))).toEqual(new Set(elements));
  expect(ops.rules.contents(table)?.chains.size).toBe(wanted.rules.chains.size);
  expect(ops.kernel).toEqual(new Map([...ops.kernel, ...wanted.kernel]));
  expect(listening).toEqual(wanted.nameServers);
};

beforeEach(() => {
  clock = new SimClock();
  ops = new SimNetOps();
  tunnels = new SimTunnelOps(ops.done);
  listening = [];
  measured = [];
  plane = start();
});

describe("a node's data plane", () => {
  it("is what the managers say", async () => {
    await tell(twoTasks);
    await expectAll(twoTasks);
    expect([...ops.passing]).toEqual(["SHOAL-self"]);
  });

  it("follows each change", async () => {
    const states: PlaneParts[] = [
      twoTasks,
      { ...twoTasks, endpoints: [webTask(1)] },
      { ...twoTasks, networks: [mesh], endpoints: [] },
      twoTasks,
      { ...twoTasks, services: [] },
      {},
    ];
    for (const state of states) {
      await tell(state);
      await expectAll(state);
    }
  });

  it("leads callers elsewhere before it takes anything away", async () => {
    await tell(twoTasks);
    ops.done.length = 0;
    await tell({ ...twoTasks, endpoints: [webTask(1)] });
    expect(ops.done).toEqual(["rules", "remove-neighbour", "remove-neighbour", "remove-forwarding"]);
    expect(ops.forgotten).toEqual(["10.0.0.12", "10.0.1.22"]);
  });

  describe.each([
    ["at once", 2_000, ""],
    ["within a minute where nothing tells of changes", 61_000, "watch"],
  ])("puts right %s what somebody else has changed:", (_when, withinMs, failing) => {
    const rule = "add rule inet shoal_node_self port_tcp_8080 drop";
    it.each<[string, () => unknown]>([
      ["rules", () => ops.rules.run(`flush chain inet ${table} come_in`)],
      ["what a rule says", () => ops.rules.run(`flush chain inet ${table} port_tcp_8080\n${rule}`)],
      ["what rules see of a bridge", () => ops.hidePassing("sbselfet-back")],
      ["a container's port", () => ops.addPort("sbselfet-back", "veth1")],
      ["a device", () => ops.change([{ do: "remove-vxlan", name: "svselfet-back" }])],
      ["an address", () => ops.change([{ do: "remove-address", bridge: "sbselfet-back", address: "10.0.1.10/32" }])],
      ["the engine's network", () => ops.remove("shoal-self-b-net-back")],
    ])("%s", async (_what, damage) => {
      ops.failing.add(failing);
      await tell(twoTasks);
      await clock.advance(61_000);
      await damage();
      await clock.advance(withinMs);
      await expectAll(twoTasks);
    });
  });

  it("puts right what somebody changes right after it was put right", async () => {
    await tell(twoTasks);
    await clock.advance(5_000);
    const chain = `chain inet ${table} port_tcp_8080`;
    ops.rules.run(`flush chain inet ${table} come_in`);
    for (let at = 0; at < 20 && ops.rules.rules(table, "come_in")?.length === 0; at += 1) await clock.advance(100);
    ops.rules.run(`flush ${chain}\nadd rule inet ${table} port_tcp_8080 drop`);
    await clock.advance(3_000);
    await expectAll(twoTasks);
  });

  it("looks at this machine no more than a fifth of the time, however long something changes there", async () => {
    await tell(twoTasks);
    await clock.advance(5_000);
    let looks = 0;
    const contentsOfRules = ops.contentsOfRules.bind(ops);
    ops.contentsOfRules = async asked => {
      looks += 1;
      await sleep(clock, 500);
      return contentsOfRules(asked);
    };
    for (let at = 0; at < 2_000; at += 1) {
      ops.rules.run("add table inet somebody_elses");
      await clock.advance(100);
    }
    expect(looks).toBeGreaterThan(200_000 / 5_000);
    expect(looks).toBeLessThanOrEqual(200_000 / 2_500 + 10);
  });

  describe("while looks take long", () => {
    const lookMs = 500;
    const one = { ...twoTasks, endpoints: [webTask(1)] };
    let looks: number;

    beforeEach(async () => {
      await tell(twoTasks);
      await clock.advance(5_000);
      looks = 0;
      const contentsOfRules = ops.contentsOfRules.bind(ops);
      ops.contentsOfRules = async (asked, signal) => {
        await sleep(clock, lookMs, signal);
        if (signal?.aborted) throw new Fault("cancelled", "nobody waits for it");
        looks += 1;
        return contentsOfRules(asked);
      };
    });

    const expectRules = (parts: PlaneParts): void => {
      const { rules } = wantedPlane(planeOf(parts), self, new Set());
      for (const [name, chain] of rules.chains) expect(ops.rules.rules(table, name)).toEqual(chain.rules);
    };

    it("makes a change that comes during a look at once, and looks after it", async () => {
      ops.rules.run("add table inet somebody_elses");
      await clock.advance(300);
      await tell(one);
      expectRules(one);
      expect(looks).toBe(0);
      ops.rules.run(`flush chain inet ${table} come_in`);
      await clock.advance(3_000);
      expectRules(one);
      expect(looks).toBeGreaterThan(0);
    });

    it("makes a change at once that comes while it looks at what it has made itself", async () => {
      await tell(one);
      await clock.advance(100);
      await tell(twoTasks);
      expectRules(twoTasks);
    });

    it("makes a change at once that comes during the comparison of every minute", async () => {
      await clock.advance(55_200);
      await tell(one);
      expectRules(one);
    });

    it("puts right within two seconds what somebody changes right after a change of its own", async () => {
      await tell(one);
      await clock.advance(800);
      ops.rules.run(`flush chain inet ${table} come_in`);
      await clock.advance(2_000);
      expectRules(one);
    });

    it("looks all the same where changes never cease", async () => {
      ops.rules.run(`flush chain inet ${table} come_in`);
      for (let at = 0; at < 50; at += 1) {
        await tell(at % 2 === 0 ? one : twoTasks);
        await clock.advance(100);
      }
      expectRules(twoTasks);
    });
  });

  it("leaves the engine's network alone whose subnets were asked for in another order than the engine's", async () => {
    const subnets = [{ cidr: "fd00:aa::/64", gateway: "fd00:aa::2" }, ...mesh.subnets];
    await tell({ ...twoTasks, networks: [{ ...mesh, subnets }, back] });
    ops.busy.add("shoal-self-a-net-mesh");
    ops.done.length = 0;
    await tell({ ...twoTasks, networks: [{ ...mesh, subnets }, back], endpoints: [webTask(1)] });
    await clock.advance(61_000);
    expect(ops.done).not.toContain("remove");
    expect(ops.rules.rules(table, "port_tcp_8080")).not.toEqual([]);
    expect(new Set(measured)).toEqual(new Set(["applied"]));
  });

  it("serves a network that is wrong for as long as containers on it keep it from being replaced", async () => {
    await tell(twoTasks);
    ops.busy.add("shoal-self-b-net-back");
    const wider = { ...twoTasks, networks: [mesh, { ...back, mtu: 1_300 }] };
    await tell({ ...wider, endpoints: [webTask(1)] });
    expect(ops.rules.rules(table, "vip4_svc-web_net-back")).toEqual([
      "dnat ip to numgen inc mod 1 map { 0 : 10.0.1.21 }",
    ]);
    expect(measured.at(-1)).toBe("failed");
    ops.busy.clear();
    await tell(wider);
    await expectAll(wider);
  });

  it("serves a network that is wanted again before the last container is off it", async () => {
    await tell(twoTasks);
    ops.busy.add("shoal-self-b-net-back");
    await tell({ ...twoTasks, networks: [mesh], endpoints: [] });
    expect(measured.at(-1)).toBe("failed");
    await tell(twoTasks);
    expect(measured.at(-1)).toBe("applied");
    await expectAll(twoTasks);
  });

  it("makes the engine's network anew when its device is gone", async () => {
    await tell(twoTasks);
    await ops.remove("shoal-self-b-net-back");
    await clock.advance(61_000);
    await expectAll(twoTasks);
  });

  it("is measured: what somebody has changed is a repair, what the managers have changed is none", async () => {
    await tell(twoTasks);
    await tell({ ...twoTasks, networks: [mesh], endpoints: [] });
    await tell(twoTasks);
    await clock.advance(61_000);
    expect(new Set(measured)).toEqual(new Set(["applied"]));
    await ops.remove("shoal-self-b-net-back");
    await clock.advance(61_000);
    expect(measured.filter(each => each === "repaired")).toHaveLength(1);
    ops.failing.add("applyRules");
    await tell({});
    expect(measured.at(-1)).toBe("failed");
  });

  it("follows the managers while the engine does not answer", async () => {
    await tell({ ...twoTasks, endpoints: [webTask(1)] });
    ops.failing.add("list");
    ops.failing.add("applyRules");
    await tell({ ...twoTasks, endpoints: [webTask(1), webTask(2, false)] });
    ops.failing.delete("applyRules");
    await tell(twoTasks);
    expectRules();
    ops.failing.clear();
    await clock.advance(60_000);
    await expectAll(twoTasks);

    function expectRules(): void {
      const { rules } = wantedPlane(planeOf(twoTasks), self, new Set());
      for (const [name, chain] of rules.chains) expect(ops.rules.rules(table, name)).toEqual(chain.rules);
    }
  });

  it.each(["list", "create", "change", "applyRules"])("tries again when %s fails", async operation => {
    ops.failing.add(operation);
    await tell(twoTasks);
    ops.failing.clear();
    await clock.advance(1_000);
    await expectAll(twoTasks);
  });

  it("finds what it made before a crash, and removes what is not wanted any more", async () => {
    await tell(twoTasks);
    ops.done.length = 0;
    plane = start();
    await tell(twoTasks);
    await expectAll(twoTasks);
    expect(ops.done).toEqual(["rules"]);
    plane = start();
    await tell({ networks: [back] });
    await expectAll({ networks: [back] });
  });

  it("touches nothing before it is told, and leaves all in place when it stops", async () => {
    await plane.stop();
    expect(ops.done).toEqual([]);
    plane = start();
    await tell(twoTasks);
    await plane.stop();
    expect((await ops.observe(prefixes)).vxlans.size).toBe(2);
    expect(ops.rules.contents(table)).toBeDefined();
  });

  it("leaves nothing when the node leaves", async () => {
    await tell(twoTasks);
    await plane.remove();
    const { bridges, vxlans, returns } = await ops.observe([""]);
    expect(bridges.size + vxlans.size + returns.size).toBe(0);
    expect(ops.rules.contents(table)).toBeUndefined();
    expect(ops.passing.size).toBe(0);
    expect(await ops.list()).toEqual([]);
  });

  it("does not let anybody wait who has given up already", async () => {
    await tell(twoTasks);
    await expect(plane.compareNow(AbortSignal.abort())).resolves.toBeUndefined();
  });

  it("keeps the network of a container that is still there, and removes it afterwards", async () => {
    await tell(twoTasks);
    ops.busy.add("shoal-self-b-net-back");
    await tell({ ...twoTasks, networks: [mesh] });
    expect((await ops.list()).map(({ name }) => name)).toContain("shoal-self-b-net-back");
    ops.busy.clear();
    await clock.advance(1_000);
    await expectAll({ ...twoTasks, networks: [mesh] });
  });
});

describe("whoever waits for networks", () => {
  const wait = (ids: readonly string[], signal = never) => {
    const reasons: string[] = [];
    let ready = false;
    void plane
      .ready(ids, reason => reasons.push(reason), signal)
      .then(() => {
        ready = true;
      });
    return { reasons, isReady: () => ready };
  };

  it("goes on when they are there", async () => {
    const waiting = wait(["net-back", "net-mesh"]);
    await settle();
    expect(waiting.reasons).toEqual(["the managers have not said yet what this node's networks are"]);
    await tell(twoTasks);
    expect(waiting.isReady()).toBe(true);
  });

  it("learns what is in the way", async () => {
    ops.failing.add("create");
    await tell(twoTasks);
    const waiting = wait(["net-back"]);
    await settle();
    expect(waiting.reasons.at(-1)).toBe("create fails");
    expect(waiting.isReady()).toBe(false);
  });

  it("learns that a network cannot be had here", async () => {
    tunnels.reason = "wg is not installed";
    await tell({ networks: [{ ...back, encrypted: true }] });
    expect(wait(["net-back"]).reasons.at(-1)).toBe("this node cannot encrypt: wg is not installed");
  });

  it("is refused when the managers have nothing to say of networks", async () => {
    const waiting = plane.ready(["net-back"], () => {}, never);
    plane.unserved("a stock engine leads");
    await expect(waiting).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("stock"),
    });
    await tell(twoTasks);
    await plane.ready(["net-back"], () => {}, never);
  });

  it("waits for the last container that has the network by another address of the node's", async () => {
    await tell(twoTasks);
    ops.busy.add("shoal-self-b-net-back");
    await tell({ ...twoTasks, networks: [mesh], endpoints: [] });
    const moved = { ...back, subnets: [{ cidr: "10.0.1.0/24", gateway: "10.0.1.9" }] };
    await tell({ ...twoTasks, networks: [mesh, moved] });
    const waiting = wait(["net-back"]);
    await clock.advance(10_000);
    expect(waiting.isReady()).toBe(false);
    expect(waiting.reasons.at(-1)).toContain("has active endpoints");
    // That container may be a user's, which is to have its place again.
    await plane.ready(["net-back"], () => {}, never, true);
    ops.busy.clear();
    plane.containerEnded();
    await settle();
    expect(waiting.isReady()).toBe(true);
    await expectAll({ ...twoTasks, networks: [mesh, moved] });
  });

  it("is let go", async () => {
    const giveUp = new AbortController();
    const waiting = wait(["net-back"], giveUp.signal);
    giveUp.abort();
    await settle();
    expect(waiting.isReady()).toBe(true);
  });

  it("is not held up by another network that the engine refuses", async () => {
    const refuse = ops.create.bind(ops);
    ops.create = network => {
      if (network.networkId === "net-mesh") return Promise.reject(new Error("Pool overlaps"));
      return refuse(network);
    };
    await tell(twoTasks);
    expect(wait(["net-mesh"]).reasons.at(-1)).toBe("Pool overlaps");
    const waiting = wait(["net-back"]);
    await settle();
    expect(waiting.isReady()).toBe(true);
  });
});

describe("a task that is to be stopped", () => {
  it("gets nothing new as soon as that is known here", async () => {
    await tell(twoTasks);
    await plane.leave("task1", never);
    const rules = ops.rules.rules(table, "vip4_svc-web_net-back");
    expect(rules).toEqual(["dnat ip to numgen inc mod 1 map { 0 : 10.0.1.22 }"]);
  });

  it("is waited for no longer than ten seconds where rules cannot be changed", async () => {
    await tell(twoTasks);
    ops.failing.add("applyRules");
    let left = false;
    void plane.leave("task1", never).then(() => {
      left = true;
    });
    await clock.advance(9_000);
    expect(left).toBe(false);
    await clock.advance(1_000);
    expect(left).toBe(true);
  });

  it("is not waited for when it had left before", async () => {
    await tell({ ...twoTasks, endpoints: [webTask(1, false)] });
    await plane.leave("task1", never);
    await plane.leave("never was", never);
  });
});
