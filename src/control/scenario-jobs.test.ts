import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import { isLive, type Task } from "../model/task.ts";
import { toDuration } from "../model/time.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  JobStatusSchema,
  NodeStatus_State as NodeState,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aNode, aService, type ServiceInit } from "./objects.test-kit.ts";
import { World } from "./world.test-kit.ts";

let world: World;
afterEach(() => world.end());

const three = { n1: {}, n2: {}, n3: {} };
const takes = (afterMs: number, state = TaskState.COMPLETE) => {
  world.agents.behaviourOf = () => ({ kind: "ends", afterMs, state });
};

/** As the control API does it: every update of a job is another run. */
async function runAgain(id: string): Promise<void> {
  await world.store.update(tx => {
    const service = tx.service.get(id)!;
    const index = (service.jobStatus?.jobIteration?.index ?? 0n) + 1n;
    tx.service.update({
      ...service,
      specVersion: service.meta.version!,
      jobStatus: create(JobStatusSchema, { jobIteration: { index } }),
    });
  });
}

const ofRun = (id: string, run: bigint) => world.tasks(id).filter(task => (task.jobIteration?.index ?? 0n) === run);
const completed = (tasks: readonly Task[]) => tasks.filter(task => task.status.state === TaskState.COMPLETE);

/** The most tasks of the service that were live at one moment, from now on. */
function mostLive(id: string): () => number {
  let most = 0;
  world.store.onCommit(() => {
    most = Math.max(most, world.tasks(id).filter(isLive).length);
  });
  return () => most;
}

describe("a replicated job", () => {
  const job = (init: ServiceInit["job"], more: ServiceInit = {}) => aService("job", { job: init ?? {}, ...more });

  it("ends well as often as asked for, no more than allowed at a time", async () => {
    world = await World.make(three);
    takes(500);
    const most = mostLive("job");
    await world.create(job({ total: 7, concurrent: 3 }));
    await world.until(() => completed(world.tasks("job")).length === 7, "complete");
    expect(most()).toBe(3);
    await world.clock.advance(120_000);
    const tasks = world.tasks("job");
    expect(tasks.map(task => task.slot)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n]);
    expect(tasks.every(task => task.desiredState === TaskState.COMPLETE)).toBe(true);
  });

  it("starts failed tasks again after their delay, as often as the policy says", async () => {
    world = await World.make(three);
    takes(0, TaskState.FAILED);
    const restart = { condition: Condition.ON_FAILURE, maxAttempts: 2n, delay: toDuration(2_000) };
    await world.create(job({ total: 1, concurrent: 1 }, { task: { restart } }));
    const took = await world.until(() => world.tasks("job").length === 3, "started twice again");
    expect(took).toBeGreaterThan(4_000);
    await world.clock.advance(120_000);
    expect(world.tasks("job").map(task => task.status.state)).toEqual(Array(3).fill(TaskState.FAILED));
  });

  it("moves on from a node that is lost", async () => {
    world = await World.make({ n1: {}, n2: {} });
    takes(20_000);
    await world.create(job({ total: 2, concurrent: 2 }));
    await world.until(() => world.running("job").length === 0 && world.live("job").length === 2, "begun");
    await world.clock.advance(1_000);
    await world.setNodeState("n1", NodeState.DOWN);
    await world.until(() => completed(world.tasks("job")).length === 2, "complete");
    expect(completed(world.tasks("job")).map(task => task.nodeId)).toEqual(["n2", "n2"]);
  });

  it("runs once more when it is updated, and stops what is left of the run before", async () => {
    world = await World.make(three);
    takes(10_000);
    await world.create(job({ total: 3, concurrent: 3 }));
    await world.until(() => ofRun("job", 0n).some(task => task.status.state === TaskState.RUNNING), "begun");
    await runAgain("job");
    await world.until(() => completed(ofRun("job", 1n)).length === 3, "complete");
    expect(ofRun("job", 0n)).toEqual([]);
    takes(0);
    for (const run of [2n, 3n, 4n, 5n, 6n, 7n, 8n]) {
      await runAgain("job");
      await world.until(() => completed(ofRun("job", run)).length === 3, `complete, run ${run}`);
    }
    await world.clock.advance(120_000);
    expect(world.tasks("job")).toHaveLength(3 * 5);
    expect(completed(ofRun("job", 8n))).toHaveLength(3);
  });

  it("goes on under another leader", async () => {
    world = await World.make(three);
    takes(1_000);
    await world.create(job({ total: 6, concurrent: 2 }));
    await world.until(() => completed(world.tasks("job")).length >= 1, "begun");
    await world.newLeader();
    await world.until(() => completed(world.tasks("job")).length === 6, "complete");
    expect(world.tasks("job")).toHaveLength(6);
  });

  it("leaves nothing behind when it is removed", async () => {
    world = await World.make(three);
    takes(60_000);
    await world.create(job({ total: 6, concurrent: 2 }));
    await world.until(() => world.live("job").length === 2, "begun");
    await world.remove("job");
    await world.until(() => world.tasks("job").length === 0, "gone");
  });
});

describe("a global job", () => {
  const job = aService("job", { replicas: undefined, job: {} });

  it("runs once on each node, also on one that joins later", async () => {
    world = await World.make(three);
    takes(500);
    await world.create(job);
    await world.until(() => completed(world.tasks("job")).length === 3, "complete");
    await world.store.update(tx => tx.node.create(aNode("n4")));
    await world.until(() => completed(world.tasks("job")).length === 4, "complete on the new node");
    await world.clock.advance(120_000);
    expect(
      world
        .tasks("job")
        .map(task => task.nodeId)
        .sort(),
    ).toEqual(["n1", "n2", "n3", "n4"]);
  });

  it("stops on a drained node, and runs there when it is back", async () => {
    world = await World.make(three);
    takes(30_000);
    await world.create(job);
    await world.until(() => world.live("job").length === 3, "begun");
    await world.setAvailability("n2", Availability.DRAIN);
    await world.until(() => completed(world.tasks("job")).length === 2, "complete elsewhere");
    expect(world.live("job")).toEqual([]);
    await world.setAvailability("n2", Availability.ACTIVE);
    await world.until(() => completed(world.tasks("job")).length === 3, "complete everywhere");
  });
});
