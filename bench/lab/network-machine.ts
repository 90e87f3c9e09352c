import { create } from "@bufbuild/protobuf";
import { DataPlane } from "../../src/network/data-plane.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { systemNetOps } from "../../src/platform/net/net-ops.ts";
import { mustRun } from "../../src/platform/net/program.ts";
import { systemTunnelOps } from "../../src/platform/net/tunnel-ops.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { silentLogger } from "../../src/ports/log.ts";
import type { BridgeNetwork, BridgeNetworks } from "../../src/ports/net-ops.ts";
import {
  type NetworkMessage,
  NetworkMessageSchema,
  NetworkMessage_Type as Type,
} from "../../src/wire/gen/shoal/v1/network_pb.ts";

/*
 * Run as a program of its own in a network namespace of its own: programs a node's data plane for so many services with two tasks
 * each, one of them elsewhere, and prints in milliseconds how long it took from scratch and for each change of one task.
 */

const address = "192.0.2.1";
const networkId = "net";
const [services = 0, changes = 0] = process.argv.slice(2).map(Number);
const ip = (second: number, number: number): string => `10.${second}.${number >> 8}.${number & 255}`;

/** Makes bridges as an engine does, without what an engine has besides. */
class Bridges implements BridgeNetworks {
  readonly #made: BridgeNetwork[] = [];

  async list(): Promise<BridgeNetwork[]> {
    return this.#made;
  }

  async create(network: BridgeNetwork): Promise<void> {
    await mustRun("ip", ["link", "add", network.bridge, "type", "bridge"]);
    await mustRun("ip", ["link", "set", network.bridge, "up"]);
    for (const { cidr, gateway } of network.subnets)
      await mustRun("ip", ["address", "add", `${gateway}/${cidr.split("/")[1]}`, "dev", network.bridge]);
    this.#made.push(network);
  }

  async remove(): Promise<void> {}
}

function endpoint(number: number, ready: boolean) {
  const value = {
    ...{ taskId: `t${number}`, serviceId: `s${number >> 1}`, nodeId: number % 2 ? "other" : "self", slot: 1n, ready },
    name: `service${number >> 1}.${number % 2}.t${number}`,
    attachments: [{ networkId, addresses: [`${ip(10, number + 10)}/13`] }],
  };
  return { item: { case: "endpoint" as const, value } };
}

function whole(): NetworkMessage {
  const subnets = [{ cidr: "10.8.0.0/13", gateway: "10.8.0.1" }];
  const network = { id: networkId, name: "net", vxlanId: 4097, vxlanPort: 4789, subnets };
  const attachments = [{ networkId, addresses: ["10.8.0.2/13"] }];
  const all = Array.from({ length: services }, (_, at) => ({
    ...{ id: `s${at}`, name: `service${at}`, virtualIps: [{ networkId, address: `${ip(9, at + 10)}/13` }] },
  }));
  return create(NetworkMessageSchema, {
    type: Type.COMPLETE,
    changes: [
      { item: { case: "network", value: network } },
      { item: { case: "node", value: { id: "other", dataAddress: "192.0.2.2", attachments } } },
      ...all.map(value => ({ item: { case: "service" as const, value } })),
      ...Array.from({ length: 2 * services }, (_, at) => endpoint(at, true)),
    ],
  });
}

for (const line of ["link set lo up", `address add ${address}/32 dev lo`]) await mustRun("ip", line.split(" "));
const names = { listen: async () => {}, ask: () => Promise.reject(new Error("not asked")), close: async () => {} };
const doors = { clock: systemClock, random: systemRandom, log: silentLogger };
const machine = { ops: systemNetOps, tunnels: systemTunnelOps, engine: new Bridges(), names };
const plane = new DataPlane({ nodeId: "self", address, ...machine, ...doors });
const never = new AbortController().signal;

const begin = performance.now();
plane.receive(whole());
await plane.ready([networkId], () => {}, never);
const wholeMs = performance.now() - begin;

const changeMs: number[] = [];
for (let at = 0; at < changes; at += 1) {
  const since = performance.now();
  // Not ready to the managers is the same as about to be stopped to this node, whose end is waited for.
  await plane.leave(`t${2 * at}`, never);
  changeMs.push(performance.now() - since);
}
await plane.stop();
process.stdout.write(JSON.stringify({ wholeMs, changeMs }));
process.exit(0);
