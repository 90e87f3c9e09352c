import { afterEach, describe, expect, it } from "vitest";
import { nodeLabels } from "../model/shoal-labels.ts";
import { isWanted, type Task } from "../model/task.ts";
import { toDuration } from "../model/time.ts";
import { SimRandom } from "../sim/random.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  TaskState,
  UpdateConfig_UpdateOrder as UpdateOrder,
  UpdateStatus_UpdateState as UpdateState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { drainRemarks } from "./drain-note.ts";
import { aService, type ServiceInit } from "./objects.test-kit.ts";
import { World } from "./world.test-kit.ts";

const { ACTIVE, DRAIN } = Availability;
const three = { n1: {}, n2: {}, n3: {} };
const replicas = 6;
let world: World;

afterEach(() => world.end());

async function begin(init: ServiceInit = {}, seed = 1): Promise<void> {
  world = await World.make(three, { seed, encode: seed % 2 === 0 });
  const update = { order: UpdateOrder.START_FIRST, parallelism: 1n };
  await world.create(aService("web", { replicas, update, ...init }));
  await world.until(() => world.running("web").length === replicas, "running");
}

const on = (node: string): Task[] => world.tasks("web").filter(task => task.nodeId === node && isWanted(task));

/** After every commit from now on: the fewest that ran and the most that were wanted. */
function watch(): { fewest: number; most: number } {
  const seen = { fewest: Number.POSITIVE_INFINITY, most: 0 };
  world.store.onCommit(() => {
    seen.fewest = Math.min(seen.fewest, world.running("web").length);
    seen.most = Math.max(seen.most, world.tasks("web").filter(isWanted).length);
  });
  return seen;
}

describe("draining a node of a start-first service", () => {
  it("never lacks a replica, and moves as many at a time as are updated at a time", async () => {
    await begin();
    const seen = watch();
    await world.setAvailability("n1", DRAIN);
    await world.until(() => on("n1").length === 0, "moved");
    expect(seen).toEqual({ fewest: replicas, most: replicas + 1 });
    expect(world.balance("web")).toEqual([3, 3]);
    expect(world.service("web").updateStatus).toBeUndefined();
  });

  it("is gone on with by the next leader", async () => {
    await begin();
    const seen = watch();
    await world.setAvailability("n1", DRAIN);
    for (let change = 0; change < 8; change++) {
      await world.clock.advance(70);
      await world.newLeader();
    }
    await world.until(() => on("n1").length === 0, "moved");
    expect(seen).toEqual({ fewest: replicas, most: replicas + 1 });
  });

  it("leaves all running where there is no room, says so, and ends with the time the node gives", async () => {
    await begin({ task: { placement: { constraints: ["node.id==n1"] } } });
    await world.changeNode("n1", node => ({
      ...node,
      spec: {
        ...node.spec,
        availability: DRAIN,
        annotations: { ...node.spec.annotations, labels: { [nodeLabels.drainTimeout]: "2m" } },
      },
    }));
    await world.clock.advance(119_000);
    expect(world.running("web").length).toBe(replicas);
    const said = world.running("web").map(({ status }) => status.err);
    expect(said.filter(err => err === drainRemarks.replacement).length).toBe(1);
    expect(said.filter(err => err === drainRemarks.turn).length).toBe(replicas - 1);
    await world.until(() => world.running("web").length === 0, "given up", 2_000);
    expect(world.tasks("web").filter(isWanted).length).toBe(replicas);
    await world.setAvailability("n1", ACTIVE);
    await world.until(() => world.running("web").length === replicas, "back");
  });

  it("tries replacements that fail no faster than restarts are", async () => {
    await begin({ task: { restart: { condition: Condition.ANY, delay: toDuration(5_000) } } });
    world.agents.behaviourOf = task =>
      task.status.state === TaskState.RUNNING ? { kind: "runs" } : { kind: "cannot start" };
    const before = new Set(world.tasks("web").map(({ id }) => id));
    const tries = new Set<string>();
    world.store.onCommit(() => {
      for (const { id } of world.tasks("web")) if (!before.has(id)) tries.add(id);
    });
    await world.setAvailability("n1", DRAIN);
    await world.clock.advance(30_000);
    expect(world.running("web").length).toBe(replicas);
    expect(tries.size).toBeGreaterThan(4);
    expect(tries.size).toBeLessThanOrEqual(8);
  });

  it("is taken back with the node", async () => {
    await begin();
    world.agents.behaviourOf = task =>
      task.status.state === TaskState.RUNNING ? { kind: "runs" } : { kind: "cannot start" };
    const before = world.running("web").map(({ id }) => id);
    await world.setAvailability("n1", DRAIN);
    await world.clock.advance(1_000);
    await world.setAvailability("n1", ACTIVE);
    await world.clock.advance(20_000);
    expect(world.running("web").map(({ id, status }) => [id, status.err])).toEqual(before.map(id => [id, ""]));
    expect(world.tasks("web").filter(isWanted).length).toBe(replicas);
    expect(world.service("web").updateStatus).toBeUndefined();
  });

  it("stands aside for an update", async () => {
    await begin();
    const seen = watch();
    await world.setImage("web", "image:2");
    await world.clock.advance(100);
    await world.setAvailability("n1", DRAIN);
    await world.until(() => world.service("web").updateStatus?.state === UpdateState.COMPLETED, "updated");
    await world.until(() => on("n1").length === 0, "moved");
    expect(seen).toEqual({ fewest: replicas, most: replicas + 1 });
    expect(world.running("web").map(task => world.image(task))).toEqual(Array(replicas).fill("image:2"));
  });
});

it.each(Array.from({ length: 10 }, (_, i) => i + 1))(
  "drains, updates and new leaders at random never cost a start-first service a replica (seed %d)",
  async seed => {
    const random = new SimRandom(seed * 6007);
    const below = (limit: number) => Math.floor(random.float() * limit);
    const parallelism = 1 + (seed % 3);
    await begin({ update: { order: UpdateOrder.START_FIRST, parallelism: BigInt(parallelism) } }, seed);
    const seen = watch();
    const nodes = Object.keys(three);
    for (let act = 0; act < 40; act++) {
      const drained = nodes.filter(id => world.store.view(tx => tx.node.get(id)?.spec.availability === DRAIN));
      const node = nodes[below(nodes.length)]!;
      const kind = below(10);
      if (kind < 5 && (drained.includes(node) || drained.length < 2))
        await world.setAvailability(node, drained.includes(node) ? ACTIVE : DRAIN);
      else if (kind < 7) await world.setImage("web", `image:${below(3)}`);
      else if (kind < 8) await world.newLeader();
      await world.clock.advance(below(4) * 90);
    }
    for (const node of nodes.slice(0, 2)) await world.setAvailability(node, DRAIN);
    await world.setAvailability("n3", ACTIVE);
    await world.until(() => on("n1").length + on("n2").length === 0, "moved");
    await world.until(() => world.service("web").updateStatus?.state !== UpdateState.UPDATING, "updated");
    expect({ seed, ...seen }).toEqual({ seed, fewest: replicas, most: expect.any(Number) });
    expect(seen.most).toBeLessThanOrEqual(replicas + parallelism);
  },
);
