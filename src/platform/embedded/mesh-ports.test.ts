import { connect, createServer } from "node:net";
import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import { emptyPlane, type Plane } from "../../network/plane-state.ts";
import { silentLogger } from "../../ports/log.ts";
import { PortConfig_Protocol as Protocol } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { PlaneEndpointSchema, PlaneNodeSchema, PlaneServiceSchema } from "../../wire/gen/shoal/v1/network_pb.ts";
import { systemClock } from "../clock.ts";
import { systemRandom } from "../random.ts";
import { LocalPorts } from "./local-ports.ts";
import { meshPlan } from "./mesh-plan.ts";
import { MeshPorts } from "./mesh-ports.ts";

const self = { nodeId: "n1", address: "127.0.0.78" };
const other = "127.0.0.79";
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Told {
  readonly task: string;
  readonly node: string;
  readonly port?: number;
  readonly ready?: boolean;
}

/** What the managers say: service "web" publishes `published` for its port 80; its tasks are `told`. */
function planeOf(
  published: number,
  told: readonly Told[],
  more: { localOnly?: boolean; addresses?: string[] } = {},
): Plane {
  const service = create(PlaneServiceSchema, {
    ...{ id: "web", localOnly: more.localOnly ?? false, publishAddresses: more.addresses ?? [] },
    ports: [{ targetPort: 80, publishedPort: published }],
  });
  const endpoints = told.map(({ task, node, port, ready = true }) =>
    create(PlaneEndpointSchema, {
      ...{ taskId: task, serviceId: "web", nodeId: node, ready },
      reachable: port === undefined ? [] : [{ targetPort: 80, publishedPort: port }],
    }),
  );
  return {
    ...emptyPlane,
    services: new Map([["web", service]]),
    endpoints: new Map(endpoints.map(endpoint => [endpoint.taskId, endpoint])),
    nodes: new Map([["n2", create(PlaneNodeSchema, { id: "n2", dataAddress: other })]]),
  };
}

const here = { task: "a", node: "n1", port: 1001 };
const there = { task: "b", node: "n2", port: 1002 };
const onThis = { host: self.address, port: 1001 };
const onOther = { host: other, port: 1002 };

describe("what the mesh asks of a node", () => {
  it.each<[string, Plane, readonly object[]]>([
    ["ready tasks, wherever they run", planeOf(80, [here, there]), [onThis, onOther]],
    ["no task that is not ready", planeOf(80, [here, { ...there, ready: false }]), [onThis]],
    ["no task whose node is not known", planeOf(80, [here, { ...there, node: "n9" }]), [onThis]],
    ["no task that has an address of its own", planeOf(80, [here, { task: "b", node: "n2" }]), [onThis]],
    ["its own tasks, where the service says so", planeOf(80, [here, there], { localOnly: true }), [onThis]],
    ["an open port also for none", planeOf(80, []), []],
  ])("%s", (_what, plane, backends) => {
    const place = { protocol: "tcp", address: self.address, port: 80 };
    expect(meshPlan(plane, self, new Set())).toEqual([{ place, backends }]);
  });

  it("leaves out who is about to stop", () => {
    expect(meshPlan(planeOf(80, [here, there]), self, new Set(["a"]))[0]?.backends).toEqual([onOther]);
  });

  it("publishes where the node's label says", () => {
    const places = meshPlan(planeOf(80, [], { addresses: ["192.0.2.1", "::1"] }), self, new Set());
    expect(places.map(({ place }) => place.address)).toEqual(["192.0.2.1", "::1"]);
  });

  it("serves TCP and UDP, and nothing without a number", () => {
    const plane = planeOf(80, []);
    const port = { targetPort: 80, publishedPort: 53 };
    const ports = [{ ...port, protocol: Protocol.UDP }, { ...port, protocol: Protocol.SCTP }, { targetPort: 81 }];
    const services = new Map([["web", create(PlaneServiceSchema, { ports })]]);
    expect(meshPlan({ ...plane, services }, self, new Set()).map(({ place }) => place.protocol)).toEqual(["udp"]);
  });
});

/** Listens at `host`, says `name` to everyone; resolves with its port. */
async function listening(host: string, name: string, port = 0): Promise<number> {
  const server = createServer(socket => socket.end(name));
  closers.push(() => server.close());
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ host: self.address, port });
    socket.on("data", data => {
      answer += data;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

function meshPorts(): MeshPorts {
  const mesh = new MeshPorts({
    ...{ nodeId: self.nodeId, address: () => self.address, clock: systemClock, log: silentLogger },
    named: () => ({ ports: [], served: () => {} }),
  });
  closers.push(() => mesh.close());
  return mesh;
}

/** Who answers in so many calls. */
async function answers(port: number, calls: number): Promise<string[]> {
  const found = new Set<string>();
  for (let call = 0; call < calls; call++) found.add(await ask(port));
  return [...found].sort();
}

describe("a published port", () => {
  it("is answered in turn by the tasks of all nodes, and follows what is said of them", async () => {
    const published = await new LocalPorts(systemRandom).allocate("tcp");
    const told = [
      { task: "a", node: "n1", port: await listening(self.address, "one") },
      { task: "b", node: "n2", port: await listening(other, "two") },
    ];
    const mesh = meshPorts();
    mesh.follow(planeOf(published, told));
    await expect.poll(() => answers(published, 4).catch(() => [])).toEqual(["one", "two"]);
    mesh.leave("a");
    expect(await answers(published, 4)).toEqual(["two"]);
    mesh.follow(planeOf(published, told.slice(0, 1)));
    expect(await answers(published, 2)).toEqual([""]);
    mesh.follow(emptyPlane);
    await expect.poll(() => ask(published).catch(String)).toContain("ECONNREFUSED");
  });

  it("that something else has does not take the others with it", async () => {
    const taken = await listening(self.address, "somebody else");
    const published = await new LocalPorts(systemRandom).allocate("tcp");
    const told = { task: "a", node: "n1", port: await listening(self.address, "one") };
    const plane = planeOf(published, [told]);
    const second = create(PlaneServiceSchema, { id: "db", ports: [{ targetPort: 1, publishedPort: taken }] });
    meshPorts().follow({ ...plane, services: new Map([...plane.services, ["db", second]]) });
    await expect.poll(() => ask(published).catch(String)).toBe("one");
    expect(await ask(taken)).toBe("somebody else");
  });
});
