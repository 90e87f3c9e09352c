import { expect, it } from "vitest";
import type { Service } from "../model/objects.ts";
import { isLive, isWanted } from "../model/task.ts";
import { toDuration } from "../model/time.ts";
import { SimRandom } from "../sim/random.ts";
import { WantedBound } from "../sim/wanted-bound.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  UpdateConfig_FailureAction as FailureAction,
  TaskState,
  UpdateConfig_UpdateOrder as UpdateOrder,
  UpdateStatus_UpdateState as UpdateState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aService, type UpdateInit } from "./objects.test-kit.ts";
import { SpecMatch } from "./spec-match.ts";
import { World } from "./world.test-kit.ts";

const replicas = 5;
const acts = 25;
const { START_FIRST, STOP_FIRST } = UpdateOrder;
const { PAUSE, CONTINUE, ROLLBACK } = FailureAction;

/** What an update's status says of its end must be so at the moment it begins to say it. */
function lies(world: World, service: Service, before: Service): string[] {
  const state = service.updateStatus?.state;
  if (state === undefined || state === before.updateStatus?.state) return [];
  const message = service.updateStatus?.message ?? "";
  const tasks = world.tasks(service.id);
  const match = new SpecMatch(service);
  const outdated = tasks.filter(task => isLive(task) && match.isOutdated(task, undefined));
  switch (state) {
    case UpdateState.COMPLETED:
    case UpdateState.ROLLBACK_COMPLETED:
      return outdated.length > 0 && actionOf(service) !== CONTINUE ? [`${message}: ${outdated.length} are older`] : [];
    case UpdateState.PAUSED:
    case UpdateState.ROLLBACK_PAUSED:
    case UpdateState.ROLLBACK_STARTED: {
      const culprit = tasks.find(task => message.includes(task.id));
      const failed = culprit && culprit.status.state > TaskState.RUNNING;
      return failed ? [] : [`${message}: ${culprit ? TaskState[culprit.status.state] : "no such task"}`];
    }
    case UpdateState.UPDATING:
    case UpdateState.UNKNOWN:
      return [];
  }
}

function actionOf({ spec }: Service): FailureAction {
  return spec.update?.failureAction ?? PAUSE;
}

function anyConfig(pick: <T>(items: readonly T[]) => T): UpdateInit {
  return {
    parallelism: pick([0n, 1n, 2n, 3n]),
    delay: toDuration(pick([0, 300, 1_500])),
    monitor: toDuration(pick([200, 1_000])),
    order: pick([START_FIRST, STOP_FIRST]),
    failureAction: pick([PAUSE, CONTINUE, ROLLBACK]),
    maxFailureRatio: pick([0, 0, 0.5]),
  };
}

/** Updates of a service one after the other, finished or not, with new leaders and forced ones among them. */
async function ride(seed: number): Promise<void> {
  const random = new SimRandom(seed * 4801);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.float() * items.length)]!;
  const update = anyConfig(pick);
  const world = await World.make({ n1: {}, n2: {}, n3: {} }, { seed, encode: seed % 2 === 0 });
  world.agents.stopMs = pick([0, 400]);
  // What cannot start takes the place of nothing that runs; what starts and fails later would.
  world.agents.behaviourOf = task => ({ kind: world.image(task) === "broken" ? "cannot start" : "runs" });
  const restart = { condition: Condition.ANY, delay: toDuration(pick([200, 2_000])) };
  await world.create(
    aService("web", { replicas, update, rollback: { ...anyConfig(pick), order: update.order! }, task: { restart } }),
  );
  await world.until(() => world.running("web").length === replicas, "running");
  const broken: string[] = [];
  const bound = new WantedBound(problem => broken.push(problem));
  let service = world.service("web");
  world.store.onCommit(events => {
    for (const event of events) bound.see(event);
    const before = service;
    service = world.service("web");
    broken.push(...lies(world, service, before));
    const running = world.running("web").length;
    if (update.order === START_FIRST && running < replicas) broken.push(`${running} run at ${world.store.version}`);
  });
  for (let act = 0; act < acts; act++) {
    const kind = pick(["update", "update", "leader", "wait", "wait"]);
    if (kind === "update") await world.setImage("web", pick(["image:1", "image:2", "image:3", "broken"]));
    else if (kind === "leader") await world.newLeader();
    await world.clock.advance(pick([60, 300, 1_000, 4_000]));
  }
  await world.setImage("web", "last");
  const isUpdated = () => service.updateStatus?.state === UpdateState.COMPLETED;
  await world.until(isUpdated, `updated (seed ${seed})`, 120_000);
  await world.clock.advance(10_000);
  const left = world.tasks("web").filter(isWanted);
  expect({ seed, broken, images: left.map(task => world.image(task)) }).toEqual({
    ...{ seed, broken: [] },
    images: Array(replicas).fill("last"),
  });
  await world.end();
}

it.each(Array.from({ length: 24 }, (_, i) => i + 1))(
  "updates in all orders, interrupted and by new leaders, keep their bounds and tell no lies (seed %d)",
  ride,
);
