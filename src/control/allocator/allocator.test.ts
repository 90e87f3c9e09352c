import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import type { Network } from "../../model/objects.ts";
import { doubleAllocations, holders } from "../../sim/allocations.ts";
import { EndpointSpec_ResolutionMode as Mode } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { IPAMOptionsSchema, TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aNetwork, aService, type TaskSpecInit } from "../objects.test-kit.ts";
import { World } from "../world.test-kit.ts";
import { keepAddressMs } from "./kept-addresses.ts";

let world: World;
const problems: string[] = [];

async function swarm(nodes = ["n1", "n2"]): Promise<void> {
  world = await World.make(Object.fromEntries(nodes.map(id => [id, {}])));
  world.store.onCommit(() => world.store.view(tx => problems.push(...doubleAllocations(tx))));
}

afterEach(async () => {
  await world.end();
  expect(problems.splice(0)).toEqual([]);
});

type Subnet = { subnet: string; range?: string; gateway?: string };

async function network(id: string, ...configs: Subnet[]): Promise<void> {
  const bare = aNetwork(id, "overlay");
  const spec = { ...bare.spec, ingress: id === "ingress", ipam: create(IPAMOptionsSchema, { configs }) };
  await world.store.update(tx => tx.network.create({ ...bare, spec }));
}

const on = (target: string, addresses: string[] = []): TaskSpecInit => ({
  runtime: { case: "container", value: { image: "image:1" } },
  networks: [{ target, addresses, aliases: ["alias"] }],
});

const get = (id: string): Network => world.store.view(tx => tx.network.get(id)!);
const vips = (id: string) => world.service(id).endpoint?.virtualIps.map(({ networkId, addr }) => [networkId, addr]);
const addressesOf = (id: string) =>
  world.live(id).map(task => task.networks.map(({ network, addresses }) => [network?.id, ...addresses]));
const attachmentsOf = (node: string) =>
  world.store.view(tx => tx.node.get(node)!.attachments.map(({ network, addresses }) => [network?.id, ...addresses]));
const running = (id: string, count: number) => () => world.running(id).length === count;
const errors = (id: string) => world.live(id).flatMap(({ status }) => (status.err === "" ? [] : [status.err]));

describe("the allocator", () => {
  it("gives a service on an overlay all it needs", async () => {
    await swarm(["n1"]);
    await network("net");
    await world.create(aService("web", { replicas: 2, task: on("net"), ports: [] }));
    await world.until(running("web", 2), "running");
    expect(get("net")).toMatchObject({
      driverState: { name: "overlay", options: { "com.docker.network.driver.overlay.vxlanid_list": "4096" } },
      ipam: { driver: { name: "default" }, configs: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1" }] },
    });
    expect(vips("web")).toEqual([["net", "10.0.0.2/24"]]);
    expect(addressesOf("web")).toEqual([[["net", "10.0.0.3/24"]], [["net", "10.0.0.4/24"]]]);
    expect(attachmentsOf("n1")).toEqual([["net", "10.0.0.5/24"]]);
    expect(world.live("web")[0]?.networks[0]).toMatchObject({ aliases: ["alias"], network: get("net") });
  });

  it("puts what publishes ports on the routing mesh first, and every node always", async () => {
    await swarm();
    await network("ingress");
    await network("net");
    await world.create(aService("web", { task: on("net"), ports: [{ targetPort: 80, publishedPort: 8080 }] }));
    await world.until(running("web", 1), "running");
    const [task] = world.running("web");
    expect(vips("web")?.map(([id]) => id)).toEqual(["ingress", "net"]);
    expect(task?.networks.map(({ network }) => network?.id)).toEqual(["ingress", "net"]);
    const other = task?.nodeId === "n1" ? "n2" : "n1";
    expect(attachmentsOf(task!.nodeId).map(([id]) => id)).toEqual(["ingress", "net"]);
    expect(attachmentsOf(other).map(([id]) => id)).toEqual(["ingress"]);
  });

  it("gives no virtual address where a name is to stand for the tasks, and takes back one that was given", async () => {
    await swarm(["n1"]);
    await network("net");
    await world.create(aService("web", { task: on("net"), ports: [] }));
    await world.until(running("web", 1), "running");
    await world.update("web", spec => ({ ...spec, endpoint: { ...spec.endpoint!, mode: Mode.DNSRR } }));
    await world.until(() => vips("web") === undefined, "without an address");
    await world.create(aService("other", { task: on("net") }));
    await world.until(running("other", 1), "running");
    expect(vips("other")).not.toEqual([["net", "10.0.0.2/24"]]);
  });

  it("follows a service from one network to another, and to the routing mesh", async () => {
    await swarm(["n1"]);
    for (const id of ["ingress", "a", "b"]) await network(id);
    await world.create(aService("web", { task: on("a"), ports: [] }));
    await world.until(running("web", 1), "running");
    const [former] = vips("web") ?? [];
    await world.update("web", spec => ({
      ...spec,
      task: { ...spec.task, networks: aService("x", { task: on("b") }).spec.task.networks },
    }));
    const isOnB = () => world.running("web").some(({ networks }) => networks[0]?.network?.id === "b");
    await world.until(isOnB, "on the other network");
    expect(vips("web")?.map(([id]) => id)).toEqual(["b"]);
    await world.clock.advance(keepAddressMs * 2);
    expect(attachmentsOf("n1").map(([id]) => id)).toEqual(["ingress", "b"]);
    expect(world.store.view(tx => [...holders(tx).keys()])).not.toContain(former?.join(" "));
    const { endpoint } = aService("y", { ports: [{ targetPort: 80, publishedPort: 8080 }] }).spec;
    await world.update("web", spec => ({ ...spec, endpoint: endpoint! }));
    const isPublished = () => world.running("web").some(({ networks }) => networks.length === 2);
    await world.until(isPublished, "published");
    expect(vips("web")?.map(([id]) => id)).toEqual(["ingress", "b"]);
  });

  it("lets tasks wait while a network is full, says so, and goes on when an address is free", async () => {
    await swarm(["n1", "n2", "n3"]);
    await network("net", { subnet: "10.9.0.0/29" });
    await world.create(aService("web", { replicas: 6, task: on("net") }));
    const full = 'no available IP addresses in network "net" (10.9.0.0/29): 5 of 5 in use';
    await world.until(() => errors("web").length > 0, "waiting");
    await world.clock.advance(5_000);
    // One is the service's, and each node with a task needs one too.
    expect(world.running("web").length).toBeGreaterThanOrEqual(1);
    expect(errors("web").every(text => text.startsWith(full))).toBe(true);
    expect(world.live("web").filter(({ status }) => status.state === TaskState.PENDING)).toEqual([]);
    await world.remove("web");
    await world.create(aService("other", { replicas: 1, task: on("net") }));
    await world.until(running("other", 1), "running");
  });

  it("keeps an address for the node that a task comes to", async () => {
    await swarm(["n1"]);
    await network("net", { subnet: "10.9.0.0/30" });
    await world.create(aService("web", { task: on("net") }));
    await world.until(() => errors("web").length > 0, "waiting");
    expect(errors("web")).toEqual(['no available IP addresses in network "net" (10.9.0.0/30): 1 of 1 in use']);
  });

  it("honours addresses asked for, and says when one is taken", async () => {
    await swarm(["n1"]);
    await network("net", { subnet: "10.9.0.0/24" });
    await world.create(aService("one", { task: on("net", ["10.9.0.77"]) }));
    await world.until(running("one", 1), "running");
    expect(addressesOf("one")).toEqual([[["net", "10.9.0.77/24"]]]);
    await world.create(aService("two", { task: on("net", ["10.9.0.77"]) }));
    await world.until(() => errors("two").length > 0, "waiting");
    expect(errors("two")).toEqual(['network "net": address 10.9.0.77 is in use']);
    await world.remove("one");
    await world.until(running("two", 1), "running");
    await world.create(aService("three", { task: on("net", ["10.8.0.77"]) }));
    await world.until(() => errors("three").length > 0, "waiting");
    expect(errors("three")).toEqual(['network "net": address 10.8.0.77 is in none of its subnets']);
  });

  it("gives addresses of both families", async () => {
    await swarm(["n1"]);
    await network("net", { subnet: "fd00:1::/64" }, { subnet: "10.9.0.0/24" });
    await world.create(aService("web", { task: on("net") }));
    await world.until(running("web", 1), "running");
    expect(addressesOf("web")).toEqual([[["net", "10.9.0.3/24", "fd00:1::3/64"]]]);
    expect(vips("web")).toEqual([
      ["net", "10.9.0.2/24"],
      ["net", "fd00:1::2/64"],
    ]);
  });

  it("lets a network wait while the pools are used up, and its tasks say so", async () => {
    await swarm(["n1"]);
    await world.store.update(tx => {
      const cluster = tx.cluster.get("cluster")!;
      tx.cluster.update({ ...cluster, defaultAddressPool: ["10.1.0.0/24"], subnetSize: 24 });
    });
    await network("a");
    await network("b");
    await world.create(aService("web", { task: on("b") }));
    await world.until(() => errors("web").length > 0, "waiting");
    const reason = 'no available subnet for network "b": 10.1.0.0/24 has no free /24';
    expect(errors("web")).toEqual([`waits for network allocation: ${reason}`]);
    await world.store.update(tx => tx.network.remove("a"));
    await world.until(running("web", 1), "running");
    expect(get("b").ipam?.configs[0]?.subnet).toBe("10.1.0.0/24");
  });

  it.each([
    ["gone", "waits for network allocation: network gone not found"],
    [
      "macvlan",
      'waits for network allocation: network "macvlan": no node serves macvlan networks, create one with the driver overlay instead',
    ],
  ])("holds a task back on network %s", async (target, err) => {
    await swarm(["n1"]);
    await world.store.update(tx => tx.network.create(aNetwork("macvlan", "macvlan")));
    await world.create(aService("web", { task: on(target) }));
    await world.until(() => errors("web").length > 0, "waiting");
    expect(errors("web")).toEqual([err]);
    expect(world.live("web")[0]?.status).toMatchObject({ state: TaskState.NEW, message: "waiting for a network" });
  });

  it("attaches a task to a node's own network without an address", async () => {
    await swarm(["n1"]);
    await world.store.update(tx => tx.network.create(aNetwork("host", "host")));
    await world.create(aService("web", { task: on("host") }));
    await world.until(running("web", 1), "running");
    expect(addressesOf("web")).toEqual([[["host"]]]);
    expect(vips("web")).toBeUndefined();
    expect(attachmentsOf("n1")).toEqual([]);
  });

  it("lets a service wait for a port that another one has", async () => {
    await swarm(["n1"]);
    await network("ingress");
    const ports = [{ targetPort: 80, publishedPort: 8080 }];
    await world.create(aService("one", { ports }));
    await world.until(running("one", 1), "running");
    await world.create(aService("two", { ports }));
    await world.until(() => errors("two").length > 0, "waiting");
    expect(errors("two")).toEqual(["port '8080' is already in use by service 'one' (one) as an ingress port"]);
    expect(world.live("two")[0]?.status.message).toBe("waiting for a published port");
    await world.remove("one");
    await world.until(running("two", 1), "running");
  });

  it("frees a node's address some time after its last task there, and not when one takes another's place", async () => {
    await swarm(["n1"]);
    await network("net");
    await world.create(aService("web", { task: on("net") }));
    await world.until(running("web", 1), "running");
    const before = attachmentsOf("n1");
    await world.setImage("web", "image:2");
    await world.until(() => world.running("web").some(task => world.image(task) === "image:2"), "updated");
    await world.clock.advance(keepAddressMs);
    expect(attachmentsOf("n1")).toEqual(before);
    await world.remove("web");
    await world.until(() => attachmentsOf("n1").length === 0, "freed", keepAddressMs * 3);
    expect(world.store.view(tx => holders(tx).size)).toBe(0);
  });

  it("goes on under another leader where the last one stopped", async () => {
    await swarm(["n1"]);
    await network("net");
    await world.create(aService("web", { replicas: 3, task: on("net") }));
    await world.until(running("web", 3), "running");
    await world.scale("web", 1);
    await world.until(() => world.live("web").length === 1, "scaled down");
    const used = world.tasks("web").flatMap(task => task.networks.flatMap(({ addresses }) => addresses));
    await world.newLeader();
    await world.scale("web", 2);
    await world.until(running("web", 2), "running");
    const [, latest] = world.running("web");
    expect(used).not.toContain(latest?.networks[0]?.addresses[0]);
  });
});
