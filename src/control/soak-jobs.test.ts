import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { isLive } from "../model/task.ts";
import { toDuration } from "../model/time.ts";
import { SimRandom } from "../sim/random.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  JobStatusSchema,
  NodeStatus_State as NodeState,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { iterationOf } from "./job-run.ts";
import { aService } from "./objects.test-kit.ts";
import { World } from "./world.test-kit.ts";

const nodeIds = ["n1", "n2", "n3", "n4"];
const operations = 40;
const retention = 3;
const total = 9;
const concurrent = 3;

/** The task's run is the one that its service is in. */
const isOfThisRun = (world: World, serviceId: string, task: Parameters<typeof iterationOf>[0]) =>
  iterationOf(task) === iterationOf(world.service(serviceId).jobStatus!);

async function rerun(world: World, id: string): Promise<void> {
  await world.store.update(tx => {
    const service = tx.service.get(id)!;
    const index = iterationOf(service.jobStatus!) + 1n;
    const jobStatus = create(JobStatusSchema, { jobIteration: { index } });
    tx.service.update({ ...service, specVersion: service.meta.version!, jobStatus });
  });
}

function done(world: World, id: string): number {
  return world.tasks(id).filter(task => isOfThisRun(world, id, task) && task.status.state === TaskState.COMPLETE)
    .length;
}

async function ride(seed: number): Promise<void> {
  const random = new SimRandom(seed * 7919);
  const below = (limit: number) => Math.floor(random.float() * limit);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
  const world = await World.make(Object.fromEntries(nodeIds.map(id => [id, {}])), { seed, history: retention });
  const broken = new Set<string>();
  let mayFail = true;
  world.agents.stopMs = (seed % 3) * 400;
  world.agents.behaviourOf = task => {
    const isBad = mayFail && (task.id.charCodeAt(0) + task.id.charCodeAt(1)) % 3 === 0;
    return { kind: "ends", afterMs: 700, state: isBad ? TaskState.FAILED : TaskState.COMPLETE };
  };
  world.store.onCommit(() => {
    const live = world.tasks("many").filter(isLive);
    if (live.length > concurrent) broken.add(`${live.length} live tasks`);
    const slots = new Set(live.map(task => task.slot));
    if (slots.size < live.length) broken.add("two live tasks for one completion");
    const places = world.tasks("everywhere").filter(isLive);
    if (new Set(places.map(task => task.nodeId)).size < places.length) broken.add("two live tasks on one node");
  });
  const task = { restart: { condition: Condition.ON_FAILURE, delay: toDuration(500) } };
  await world.create(aService("many", { job: { total, concurrent }, task }));
  await world.create(aService("everywhere", { replicas: undefined, job: {}, task }));
  for (let i = 0; i < operations; i++) {
    const node = pick(nodeIds);
    switch (below(5)) {
      case 0:
        await world.setNodeState(node, pick([NodeState.DOWN, NodeState.READY]));
        break;
      case 1:
        await world.setAvailability(node, pick([Availability.ACTIVE, Availability.PAUSE, Availability.DRAIN]));
        break;
      case 2:
        await world.newLeader();
        break;
      case 3:
        if (below(3) === 0) await rerun(world, pick(["many", "everywhere"]));
        break;
      default:
        await world.clock.advance(below(3_000));
    }
  }
  mayFail = false;
  for (const node of nodeIds) {
    await world.setNodeState(node, NodeState.READY);
    await world.setAvailability(node, Availability.ACTIVE);
  }
  const isDone = () => done(world, "many") === total && done(world, "everywhere") === nodeIds.length;
  await world.until(isDone, `done (seed ${seed})`, 300_000);
  await world.clock.advance(61_000);
  const { version } = world.store;
  await world.clock.advance(61_000);
  expect({ seed, broken: [...broken] }).toEqual({ seed, broken: [] });
  expect({ seed, picture: world.store.version === version ? "" : world.picture() }).toEqual({ seed, picture: "" });
  for (const slot of Array.from({ length: total }, (_, n) => BigInt(n)))
    expect(world.tasks("many").filter(task => task.slot === slot).length).toBeLessThanOrEqual(retention);
  await world.end();
}

describe("jobs in a storm", () => {
  it.each(Array.from({ length: 12 }, (_, i) => i + 1))("end as often as asked for (seed %d)", async seed => {
    await ride(seed);
  });
});
