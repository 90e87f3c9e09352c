import { afterEach, describe, expect, it } from "vitest";
import { isLive } from "../../src/model/task.ts";
import type { SimProgram } from "../../src/sim/machine.ts";
import { operator, type ServiceInit } from "../../src/sim/operator.ts";
import { SimSwarm } from "../../src/sim/swarm.ts";
import { NodeSpec_Availability as Availability } from "../../src/wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  UpdateConfig_FailureAction as FailureAction,
  TaskState,
  UpdateConfig_UpdateOrder as UpdateOrder,
  UpdateStatus_UpdateState as UpdateState,
} from "../../src/wire/gen/docker/swarmkit/v1/types_pb.ts";

let swarm: SimSwarm;

afterEach(async () => {
  await swarm.stop();
  expect([swarm.network.calls, swarm.clock.pending]).toEqual([0, 0]);
});

/** A manager and three workers with these images, and a service that runs. */
async function begin(init: Partial<ServiceInit>, images: Readonly<Record<string, SimProgram>> = {}): Promise<void> {
  swarm = await SimSwarm.start();
  for (const { machine } of swarm.hosts)
    for (const [name, program] of Object.entries(images)) machine.images.set(name, program);
  const service = { name: "web", image: "sleep", replicas: 4, ...init };
  await swarm.ask(api => operator.create(api, service));
  await swarm.until(() => swarm.running("web").length === (service.replicas ?? 4), "web runs");
}

const imagesRunning = (): string[] =>
  swarm.running("web").map(({ spec }) => (spec.runtime.case === "container" ? spec.runtime.value.image : ""));

/** Containers that run now, on all machines. */
const containers = (): number =>
  swarm.hosts
    .flatMap(({ machine }) => [...machine.containers.values()])
    .filter(each => each.instance.state === "running").length;

/** Starts of containers so far, on all machines. */
const starts = (): number =>
  swarm.hosts.flatMap(({ machine }) => machine.operations).filter(operation => operation.startsWith("start ")).length;

const updateState = (): UpdateState | undefined => swarm.service("web").updateStatus?.state;

/** The most and the fewest containers at one time until `condition` holds. */
async function rangeUntil(condition: () => boolean, limitMs: number): Promise<[number, number]> {
  let [fewest, most] = [Number.POSITIVE_INFINITY, 0];
  const look = (): boolean => {
    fewest = Math.min(fewest, containers());
    most = Math.max(most, containers());
    return condition();
  };
  await swarm.until(look, "done", limitMs);
  return [fewest, most];
}

describe("a container that exits", () => {
  it("is replaced after the restart delay", async () => {
    await begin({ restartDelayMs: 3_000 });
    const [victim] = swarm.running("web");
    swarm.hostOf(victim!).machine.exit(victim!.id, 2);
    await swarm.until(() => swarm.running("web").length === 3, "noticed", 500);
    const took = await swarm.until(() => swarm.running("web").length === 4, "replaced");
    expect(took).toBeGreaterThanOrEqual(2_500);
    expect(took).toBeLessThan(3_000 + 500);
    const { status, desiredState } = swarm.tasks("web").find(task => task.id === victim!.id)!;
    expect([status.state, status.err, desiredState]).toEqual([
      TaskState.FAILED,
      "task: non-zero exit (2)",
      TaskState.SHUTDOWN,
    ]);
  });

  it("over and over is restarted once a delay, and its history is kept short", async () => {
    await begin(
      { replicas: 1, image: "brief", restartDelayMs: 1_000 },
      { brief: { exit: { afterMs: 4_000, code: 1 } } },
    );
    const before = starts();
    await swarm.clock.advance(60_000);
    const restarts = starts() - before;
    // 4 s of running and 1 s of delay, and the time it takes to notice and to begin.
    expect(restarts).toBeGreaterThanOrEqual(10);
    expect(restarts).toBeLessThanOrEqual(12);
    expect(swarm.tasks("web").length).toBeLessThanOrEqual(6);
    const left = swarm.hosts.flatMap(({ machine }) => [...machine.containers.keys()]);
    expect(left.length).toBeLessThanOrEqual(6);
    // A container that still ran would have its end before it, and the clock something to wait for.
    await swarm.ask(api => operator.scale(api, "web", 0));
    await swarm.until(() => swarm.running("web").length === 0, "stopped", 30_000);
  });
});

describe("a service", () => {
  it("whose image does not exist says so, and runs as soon as it is corrected", async () => {
    await begin({});
    await swarm.ask(api =>
      operator.create(api, { name: "lost", image: "nowhere", replicas: 2, restartDelayMs: 1_000 }),
    );
    await swarm.until(
      () => swarm.tasks("lost").some(task => task.status.state === TaskState.REJECTED),
      "rejected",
      1_000,
    );
    const rejected = swarm.tasks("lost").filter(task => task.status.state === TaskState.REJECTED);
    expect(new Set(rejected.map(task => task.status.err))).toEqual(new Set(["No such image: nowhere"]));
    await swarm.ask(api => operator.setImage(api, "lost", "sleep"));
    await swarm.until(() => swarm.running("lost").length === 2, "runs", 10_000);
    await swarm.ask(api => operator.remove(api, "lost"));
    await swarm.until(() => swarm.view(tx => tx.task.size) === 4, "removed", 2_000);
    expect(swarm.hosts.flatMap(({ machine }) => [...machine.containers.keys()]).length).toBe(4);
  });

  it("is scaled down and up while its containers are slow to stop, never above its replicas", async () => {
    await begin({ replicas: 8, stopGraceMs: 20_000 }, { sleep: { stopMs: 5_000 } });
    await swarm.ask(api => operator.scale(api, "web", 2));
    await swarm.clock.advance(1_000);
    await swarm.ask(api => operator.scale(api, "web", 8));
    const [, most] = await rangeUntil(() => swarm.running("web").length === 8, 10_000);
    expect(most).toBe(8);
  });

  it("that is global runs once on each node", async () => {
    swarm = await SimSwarm.start();
    await swarm.ask(api => operator.create(api, { name: "agent", image: "sleep" }));
    await swarm.until(() => swarm.running("agent").length === 4, "runs", 1_000);
    const [victim] = swarm.running("agent");
    swarm.hostOf(victim!).machine.exit(victim!.id, 0);
    await swarm.clock.advance(10_000);
    expect(new Set(swarm.running("agent").map(task => task.nodeId)).size).toBe(4);
  });
});

describe("an update", () => {
  it("stop-first never runs a replica twice and lacks one at most", async () => {
    await begin({ update: { delayMs: 1_000, order: UpdateOrder.STOP_FIRST } }, { next: {}, sleep: { stopMs: 500 } });
    await swarm.ask(api => operator.setImage(api, "web", "next"));
    const range = await rangeUntil(() => updateState() === UpdateState.COMPLETED, 30_000);
    expect(range).toEqual([3, 4]);
    expect(imagesRunning()).toEqual(Array(4).fill("next"));
  });

  it("start-first lacks none and has one too many at most", async () => {
    await begin({ update: { delayMs: 1_000, order: UpdateOrder.START_FIRST } }, { next: {}, sleep: { stopMs: 500 } });
    await swarm.ask(api => operator.setImage(api, "web", "next"));
    const range = await rangeUntil(() => updateState() === UpdateState.COMPLETED, 30_000);
    expect(range).toEqual([4, 5]);
    expect(imagesRunning()).toEqual(Array(4).fill("next"));
  });

  it("start-first, and so does a drain: it moves one at a time, each after its replacement runs", async () => {
    await begin(
      { replicas: 8, update: { order: UpdateOrder.START_FIRST } },
      { sleep: { stopMs: 2_000, health: { afterMs: 3_000, says: "healthy" } } },
    );
    const host = swarm.hostOf(swarm.running("web")[0]!);
    const left = (): number => swarm.running("web").filter(task => swarm.hostOf(task) === host).length;
    await swarm.ask(api => operator.setAvailability(api, host.self.nodeId, Availability.DRAIN));
    let most = 0;
    const isMoved = (): boolean => {
      expect(swarm.running("web").length).toBeGreaterThanOrEqual(8);
      most = Math.max(most, swarm.tasks("web").filter(isLive).length);
      return left() === 0;
    };
    await swarm.until(isMoved, "moved", 30_000);
    expect(most).toBe(9);
    // What was stopped last takes its time.
    await swarm.clock.advance(5_000);
  });

  it("to an image that fails pauses after the first", async () => {
    await begin({ update: { onFailure: FailureAction.PAUSE } }, { bad: { startError: "no such program" } });
    await swarm.ask(api => operator.setImage(api, "web", "bad"));
    await swarm.until(() => updateState() === UpdateState.PAUSED, "paused", 10_000);
    expect(imagesRunning()).toEqual(Array(3).fill("sleep"));
    await swarm.clock.advance(60_000);
    expect(imagesRunning()).toEqual(Array(3).fill("sleep"));
  });

  it("to an image that fails is rolled back, and all run as before", async () => {
    await begin({ update: { onFailure: FailureAction.ROLLBACK } }, { bad: { startError: "no such program" } });
    await swarm.ask(api => operator.setImage(api, "web", "bad"));
    await swarm.until(() => updateState() === UpdateState.ROLLBACK_COMPLETED, "rolled back", 60_000);
    expect(imagesRunning()).toEqual(Array(4).fill("sleep"));
  });
});
