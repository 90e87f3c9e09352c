import { create } from "@bufbuild/protobuf";
import { beforeEach, expect, it } from "vitest";
import type { Task } from "../model/task.ts";
import { silentLogger } from "../ports/log.ts";
import type { Instance, Runtime } from "../ports/runtime.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimNetOps } from "../sim/net-ops.ts";
import { SimNetProbes } from "../sim/net-probes.ts";
import { SimRandom } from "../sim/random.ts";
import { SimTunnelOps } from "../sim/tunnel-ops.ts";
import { SimUserContainers } from "../sim/user-containers.ts";
import { TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { DataPlane } from "./data-plane.ts";
import { drainMs } from "./drain.ts";
import { NetworkedRuntime } from "./networked-runtime.ts";
import { mesh, self, twoTasks, wholePlane } from "./plane.test-kit.ts";

const running: Instance = {
  ...{ taskId: "task1", containerId: "c", state: "running", health: "none", pid: 1, exitCode: 0, error: "", ports: [] },
};

/** A task of "web" on "back", whose service has a virtual address. */
function task(labels: Record<string, string> = {}): Task {
  return create(TaskSchema, {
    id: "task1",
    spec: {},
    serviceAnnotations: { name: "web", labels },
    networks: [
      { network: { id: "net-back", spec: { driverConfig: { name: "overlay" } } }, addresses: ["10.0.1.21/24"] },
    ],
    endpoint: { virtualIps: [{ networkId: "net-back", addr: "10.0.1.10/24" }] },
  }) as Task;
}

let clock: SimClock;
let ops: SimNetOps;
let plane: DataPlane;
let runtime: NetworkedRuntime;
let done: string[];
let now: Instance;
let onStart: () => void;

beforeEach(() => {
  clock = new SimClock();
  ops = new SimNetOps();
  done = [];
  now = running;
  onStart = () => {};
  const doors = { clock, random: new SimRandom(1), log: silentLogger };
  const names = { listen: async () => {}, ask: () => Promise.reject(new Error("nobody")), close: async () => {} };
  plane = new DataPlane({ ...self, ...doors, ops, tunnels: new SimTunnelOps(), engine: ops, names });
  const inner: Partial<Runtime> = {
    inspect: async () => now,
    prepare: async () => {
      done.push("prepare");
      return running;
    },
    start: async () => {
      onStart();
      return running;
    },
    stop: async () => void done.push("stop"),
  };
  runtime = new NetworkedRuntime(inner as Runtime, plane, {
    ...{ ...doors, ops, engine: ops, nodeId: self.nodeId },
    probes: new SimNetProbes(ops),
    containers: new SimUserContainers(),
  });
});

const straightPorts = async (): Promise<string[]> => {
  const { bridges } = await ops.observe(["sbself"]);
  return [...bridges.values()].flatMap(({ withoutHairpin }) => [...withoutHairpin]);
};

const dependencies = { secret: () => undefined, config: () => undefined };

it("makes a task when its networks are there, and says what it waits for", async () => {
  const texts: string[] = [];
  const made = runtime.prepare(task(), dependencies, text => texts.push(text));
  await settle();
  expect(done).toEqual([]);
  expect(texts).toEqual(["waiting for its networks: the managers have not said yet what this node's networks are"]);
  plane.receive(wholePlane(twoTasks));
  await made;
  expect(done).toEqual(["prepare"]);
});

it("takes a task out of the maps before it stops it", async () => {
  plane.receive(wholePlane(twoTasks));
  await settle();
  void runtime.stop(task());
  await clock.advance(1_900);
  expect(ops.rules.rules("shoal_node_self", "vip4_svc-web_net-back")?.[0]).not.toContain("10.0.1.21");
  expect(done).toEqual([]);
  await clock.advance(200);
  expect(done).toEqual(["stop"]);
});

it.each([
  ["at once", 0],
  ["a moment later", 50],
])(
  "removes a network, however often the engine has refused that, when the last container on it has ended: %s",
  async (_when, lateMs) => {
    plane.receive(wholePlane(twoTasks));
    await settle();
    ops.busy.add("shoal-self-b-net-back");
    plane.receive(wholePlane({ networks: [mesh] }));
    await clock.advance(30_000);
    if (lateMs === 0) ops.busy.clear();
    void runtime.stop(task({ "shoal.drain-seconds": "0" }));
    await clock.advance(lateMs);
    ops.busy.clear();
    await clock.advance(4 * lateMs);
    expect((await ops.list()).map(({ name }) => name)).toEqual(["shoal-self-a-net-mesh"]);
  },
);

it.each([
  ["has ended", { ...running, state: "exited" as const }],
  ["is unhealthy, so that it gets nothing anyway", { ...running, health: "unhealthy" as const }],
])("stops a task at once that %s", async (_, instance) => {
  now = instance;
  void runtime.stop(task());
  await settle();
  expect(done).toEqual(["stop"]);
});

it("does not hold up a daemon that ends", async () => {
  plane.receive(wholePlane(twoTasks));
  await settle();
  void runtime.stop(task({ "shoal.drain-seconds": "3600" }));
  await settle();
  expect(done).toEqual([]);
  await plane.stop();
  await runtime.close().catch(() => {});
  await settle();
  expect(done).toEqual(["stop"]);
});

it.each([
  ["two seconds where nothing is said", task(), 2_000],
  ["as long as the label says", task({ "shoal.drain-seconds": "0.5" }), 500],
  ["not at all when the label says so", task({ "shoal.drain-seconds": "0" }), 0],
  ["two seconds where the label is no number", task({ "shoal.drain-seconds": "soon" }), 2_000],
  ["not at all where nobody calls", create(TaskSchema, { serviceAnnotations: { name: "web" } }) as Task, 0],
])("gives callers time to finish: %s", (_, stopped, ms) => {
  expect(drainMs(stopped)).toBe(ms);
});

it("lets a task reach itself from its start, without waiting for a look's turn", async () => {
  plane.receive(wholePlane(twoTasks));
  await settle();
  onStart = () => ops.addPort("sbselfet-back", "veth1");
  const started = runtime.start(task());
  expect(await straightPorts()).toEqual(["veth1"]);
  await started;
  await settle();
  expect(await straightPorts()).toEqual([]);
});

it("touches nothing for a task that begins before the managers have said what this node's networks are", async () => {
  await runtime.start(task());
  await settle();
  expect(ops.done).toEqual([]);
});
