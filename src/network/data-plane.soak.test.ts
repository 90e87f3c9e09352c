import { expect, it } from "vitest";
import { silentLogger } from "../ports/log.ts";
import { noMeters } from "../ports/meters.ts";
import type { Links } from "../ports/net-ops.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { Dice } from "../sim/dice.ts";
import { SimNetOps } from "../sim/net-ops.ts";
import { SimRandom } from "../sim/random.ts";
import { SimTunnelOps } from "../sim/tunnel-ops.ts";
import { DataPlane } from "./data-plane.ts";
import { back, mesh, other, type PlaneParts, planeOf, self, web, webTask, wholePlane } from "./plane.test-kit.ts";
import { wantedTunnel } from "./tunnel/wanted-tunnel.ts";
import { wantedPlane } from "./wanted.ts";

/** Changes of one run, which takes a second or so on a machine that has nothing else to do. */
const changes = 1_000;
const table = "shoal_node_self";
const prefixes = ["sbself", "svself"];
const operations = ["list", "create", "change", "applyRules"];
/** What failed is tried again within so many milliseconds; what was damaged is seen at once. */
const retryMs = 40_000;
const repairMs = 4_000;

const front = {
  ...back,
  id: "net-fron",
  name: "front",
  vxlanId: 4098,
  subnets: [{ cidr: "10.0.2.0/24", gateway: "10.0.2.1" }],
};
const api = {
  ...web,
  id: "svc-api",
  name: "api",
  virtualIps: [{ networkId: front.id, address: "10.0.2.10/24" }],
  ports: [],
};

/** What the managers might say: any part of the whole, tasks ready or not, networks with another gateway. */
function randomParts(dice: Dice): PlaneParts {
  const some = <T>(all: readonly T[]): T[] => all.filter(() => dice.chance(0.7));
  const gateway = dice.pick(["10.0.2.1", "10.0.2.7"]);
  const moved = { ...front, encrypted: dice.chance(0.5), subnets: [{ cidr: "10.0.2.0/24", gateway }] };
  const keyOf = (): Uint8Array => new Uint8Array(32).fill(dice.pick([1, 2]) ?? 0);
  const keyed = { ...other, wireguardKey: keyOf(), presharedKey: keyOf() };
  const apiTask = {
    ...{ taskId: "task4", serviceId: api.id, nodeId: other.id, slot: 4n, name: "api.4.task4" },
    ready: dice.chance(0.7),
    attachments: [{ networkId: front.id, addresses: ["10.0.2.24/24"] }],
  };
  return {
    networks: some([mesh, back, moved]),
    nodes: some([keyed]),
    services: some([web, api, { ...web, id: "svc-new", name: "new", virtualIps: [], ports: [] }]),
    endpoints: some([webTask(1, dice.chance(0.7)), webTask(2, dice.chance(0.7)), webTask(3), apiTask]),
  };
}

/** A table with nothing in it is none. */
function withoutEmpty(links: Links): Links {
  const filled = (tables: Links["forwarding"]): Links["forwarding"] =>
    new Map([...tables].filter(([, { size }]) => size > 0));
  return { ...links, forwarding: filled(links.forwarding), neighbours: filled(links.neighbours) };
}

/** A daemon on a simulated machine, to which everything happens. */
class Machine {
  readonly clock = new SimClock();
  readonly ops = new SimNetOps();
  readonly #tunnels = new SimTunnelOps();
  readonly #dice: Dice;
  #plane = this.#start();

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  async tell(parts: PlaneParts): Promise<void> {
    void this.#plane.receive(wholePlane(parts));
    await settle();
  }

  /** The daemon starts anew and knows nothing of what it has made. */
  async restart(parts: PlaneParts): Promise<void> {
    const stopped = this.#plane.stop();
    await settle();
    await stopped;
    this.#plane = this.#start();
    await this.tell(parts);
  }

  /** Somebody changes by hand what is there. */
  async damage(): Promise<void> {
    const { bridges, vxlans, forwarding } = await this.ops.observe(prefixes);
    const [vxlan, bridge] = [this.#dice.pick([...vxlans.keys()]), this.#dice.pick([...bridges.values()])];
    if (vxlan === undefined || bridge === undefined) return;
    const [mac, to] = [...(forwarding.get(vxlan) ?? [])][0] ?? [];
    const [address] = bridge.addresses;
    const hits = [
      async () => this.ops.rules.run(`delete table inet ${table}`),
      async () => this.ops.rules.run(`flush chain inet ${table} come_in`),
      async () => this.ops.change([{ do: "remove-vxlan", name: vxlan }]),
      async () => mac && to && this.ops.change([{ do: "remove-forwarding", device: vxlan, mac, to }]),
      async () => this.#tunnels.kill("swself"),
      async () => this.#tunnels.remove("swself"),
      async () => address && this.ops.change([{ do: "remove-address", bridge: bridge.name, address }]),
    ];
    await this.#dice.pick(hits)();
  }

  async expect(parts: PlaneParts): Promise<void> {
    const wanted = wantedPlane(planeOf(parts), self, new Set());
    expect(withoutEmpty(await this.ops.observe(prefixes))).toEqual(withoutEmpty(wanted.links));
    expect(new Set(await this.ops.list())).toEqual(new Set(wanted.bridges));
    for (const [name, { rules }] of wanted.rules.chains) expect(this.ops.rules.rules(table, name)).toEqual(rules);
    for (const [name, { elements }] of wanted.rules.sets)
      expect(new Set(this.ops.rules.elements(table, name))).toEqual(new Set(elements));
    expect(this.ops.rules.contents(table)?.chains.size).toBe(wanted.rules.chains.size);
    await this.#expectTunnel(parts);
  }

  async #expectTunnel(parts: PlaneParts): Promise<void> {
    const tunnel = await this.#tunnels.observe("swself");
    const wanted = wantedTunnel(planeOf(parts), self);
    if (!wanted) return expect(tunnel).toBeUndefined();
    const peers = wanted.peers.map(peer => ({ ...peer, agreedAt: 0 }));
    expect(tunnel).toMatchObject({ ...wanted, peers, hasDevice: true });
  }

  #start(): DataPlane {
    const { clock, ops } = this;
    const names = { listen: async () => {}, ask: () => Promise.reject(new Error("nobody")), close: async () => {} };
    const doors = { clock, random: new SimRandom(1), log: silentLogger, meters: noMeters };
    return new DataPlane({ ...self, ...doors, ops, engine: ops, tunnels: this.#tunnels, names });
  }
}

it(`is what the managers say after each of ${changes} changes, failures, damages and restarts`, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const dice = new Dice(seed);
  const machine = new Machine(dice);
  let parts: PlaneParts = {};
  await machine.tell(parts);
  for (let number = 1; number <= changes; number += 1) {
    const chance = dice.upTo(1);
    if (chance < 0.05) await machine.restart(parts);
    else if (chance < 0.1) await machine.damage();
    else {
      if (chance < 0.2) machine.ops.failing.add(dice.pick(operations));
      // Containers are on the networks for some changes longer than they ought to be.
      else if (chance < 0.3) for (const { name } of await machine.ops.list()) machine.ops.busy.add(name);
      for (let left = machine.ops.busy.size > 0 ? 3 : 1; left > 0; left -= 1) {
        parts = randomParts(dice);
        await machine.tell(parts);
      }
    }
    if (chance < 0.3) {
      const waitMs = chance < 0.1 ? repairMs : retryMs;
      machine.ops.failing.clear();
      machine.ops.busy.clear();
      await machine.clock.advance(waitMs);
    }
    await machine.expect(parts).catch(error => {
      throw new Error(`seed ${seed}, change ${number} (${chance.toFixed(2)}): ${error}`, { cause: error });
    });
  }
});
