import { beforeEach, describe, expect, it } from "vitest";
import { asFault, type Fault } from "../lib/fault.ts";
import { usagePeriodMs, usageSamples } from "../model/usage-history.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { UsageMessage } from "../wire/gen/shoal/v1/usage_pb.ts";
import { SwarmWorld } from "./agent.test-kit.ts";

let world: SwarmWorld;

beforeEach(async () => {
  world = new SwarmWorld();
  await world.start(["n1", "n2"]);
});

const periods = (count: number): Promise<void> => world.clock.advance(count * usagePeriodMs);

/** A node with a task of service "s1" that keeps half a processor busy. */
async function busyNode(nodeId: string) {
  const worker = world.worker(nodeId);
  worker.machine.images.set("busy", { cpus: 0.5 });
  await world.assign(`task on ${nodeId}`, nodeId, { image: "busy", serviceId: "s1" });
  await world.settle();
  return worker;
}

/** What a stream of the leader's says, as it comes, and how it ended. */
function watching(of: { case: "serviceId" | "nodeId"; value: string }) {
  const told: UsageMessage[] = [];
  const watch = { told, ended: undefined as Fault | undefined };
  void (async () => {
    for await (const message of world.usage().watch({ of })) told.push(message);
  })().catch(error => {
    watch.ended = asFault(error);
  });
  return watch;
}

async function look(of: { case: "serviceId" | "nodeId"; value: string }): Promise<UsageMessage | undefined> {
  const { told } = watching(of);
  await world.clock.advance(0);
  return told[0];
}

const known = (values: readonly number[] = []): number[] => values.filter(value => !Number.isNaN(value));
const service = { case: "serviceId", value: "s1" } as const;

describe("the usage of tasks", () => {
  it("comes to the leader from every node, in sum and for each task, and goes on without a gap", async () => {
    await Promise.all([busyNode("n1"), busyNode("n2")]);
    await periods(30);
    const { total, tasks, leftOut } = (await look(service))!;
    // The slot of now is not over.
    expect(total?.cpus).toHaveLength(usageSamples - 1);
    expect(known(total?.cpus.slice(-20))).toEqual(Array.from({ length: 20 }, () => 1));
    expect(known(total?.memoryBytes.slice(-20))).toEqual(Array.from({ length: 20 }, () => 2 * 16 * 1024 * 1024));
    expect(tasks.map(({ taskId }) => taskId).sort()).toEqual(["task on n1", "task on n2"]);
    for (const { series } of tasks) expect(known(series?.cpus.slice(-20))).toHaveLength(20);
    expect(leftOut).toBe(0);
    const ofNode = await look({ case: "nodeId", value: "n1" });
    expect([ofNode?.tasks.length, ofNode?.total?.cpus.at(-1)]).toEqual([1, 0.5]);
  });

  it("is told on as it comes, one sample a period", async () => {
    await busyNode("n1");
    await periods(5);
    const { told } = watching(service);
    await periods(10);
    const samples = told.slice(1).flatMap(({ total }) => total?.cpus ?? []);
    expect(samples.length).toBeGreaterThanOrEqual(9);
    expect(samples.every(cpus => Math.abs(cpus - 0.5) < 0.01)).toBe(true);
  });

  it("is known to a new leader as far back as to the one before", async () => {
    await busyNode("n1");
    await periods(60);
    const before = known((await look(service))?.total?.cpus).length;
    await world.stopLeading();
    await world.lead();
    await periods(4);
    expect(known((await look(service))?.total?.cpus).length).toBeGreaterThanOrEqual(before);
  });

  it("ends for who looks at it when the leader does", async () => {
    const watch = watching(service);
    await world.clock.advance(0);
    await world.stopLeading();
    await world.clock.advance(0);
    expect(watch.ended?.code).toBe("unavailable");
  });

  it("ends with the task", async () => {
    await busyNode("n1");
    await periods(5);
    await world.want("task on n1", TaskState.SHUTDOWN);
    await periods(5);
    expect((await look(service))?.total?.cpus.at(-1)).toBeNaN();
    await world.forget("task on n1");
    const message = await look(service);
    expect(message?.tasks).toEqual([]);
    expect(known(message?.total?.cpus).length).toBeGreaterThan(2);
  });

  it("costs a session with a manager that knows nothing of it nothing", async () => {
    world.measures = false;
    await world.stopLeading();
    await world.lead();
    await busyNode("n1");
    await periods(20);
    expect([world.nodeState("n1"), world.said("task on n1")]).toEqual(["READY", "RUNNING | started"]);
  });
});
