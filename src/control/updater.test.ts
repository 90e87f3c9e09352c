import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { toDuration, toTimestamp } from "../model/time.ts";
import {
  UpdateConfig_FailureAction as FailureAction,
  TaskState,
  UpdateConfig_UpdateOrder as UpdateOrder,
  UpdateStatus_UpdateState as UpdateState,
  UpdateStatusSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, now, words } from "./decisions.test-kit.ts";
import { aNode, aService, aTask, type TaskInit, type UpdateInit } from "./objects.test-kit.ts";
import { slotsOf } from "./slot.ts";
import { withNotes } from "./task-notes.ts";
import { decideUpdate } from "./updater.ts";

const { READY, SHUTDOWN, FAILED, PENDING } = TaskState;
const { START_FIRST } = UpdateOrder;
const { CONTINUE, ROLLBACK } = FailureAction;
const start = now - 60_000;
/** Of a task made by the update under way: what it notes of when it ran. */
interface Made extends TaskInit {
  readonly made?: true;
  readonly ranAt?: number;
}
const old: TaskInit = { version: 1n, spec: {} };

function service(update: UpdateInit, state: UpdateState): Service {
  const made = aService("s", { replicas: 3, version: 2n, update });
  if (state === UpdateState.UNKNOWN) return made;
  return { ...made, updateStatus: create(UpdateStatusSchema, { state, startedAt: toTimestamp(start) }) };
}

function tasksFor(of: Service, inits: Readonly<Record<string, Made>>): Task[] {
  return Object.entries(inits).map(([id, init]) => {
    const task = aTask(of, id, { node: "n", ...init });
    if (!init.made) return task;
    return withNotes(task, { updateStart: start, ...(init.ranAt !== undefined && { ranAt: init.ranAt }) });
  });
}

function decide(of: Service, tasks: readonly Task[]) {
  const slots = [...slotsOf(tasks).values()];
  return decideUpdate({ service: of, cluster: undefined, slots, nodeOf: () => aNode("n") }, context());
}

const one = { parallelism: 1n };
const settled = now - 30_000;
const { UNKNOWN, UPDATING, COMPLETED, PAUSED } = UpdateState;

describe("decideUpdate", () => {
  it.each<[string, UpdateInit, UpdateState, Record<string, Made>, string[]]>([
    ["has nothing to do", one, UNKNOWN, { a: {}, b: { slot: 2 } }, []],
    ["takes an equal spec of another version for the same", one, UNKNOWN, { a: { version: 1n } }, []],
    [
      "starts with the first slot",
      one,
      UNKNOWN,
      { a: old, b: { ...old, slot: 2 } },
      ["service s", "a→SHUTDOWN", "+1 READY"],
    ],
    [
      "starts with what is not running",
      one,
      UNKNOWN,
      { a: old, b: { ...old, slot: 2, state: PENDING, node: "" } },
      ["service s", "b→SHUTDOWN", "+2 RUNNING"],
    ],
    ["starts the new one first", { ...one, order: START_FIRST }, UNKNOWN, { a: old }, ["service s", "+1 RUNNING"]],
    [
      "keeps one running task at most beside the new one",
      { ...one, order: START_FIRST },
      UNKNOWN,
      { a: old, b: { ...old, state: READY, createdAt: 1 } },
      ["service s", "b→SHUTDOWN", "+1 RUNNING"],
    ],
    [
      "works on all slots",
      { parallelism: 0n },
      UNKNOWN,
      { a: old, b: { ...old, slot: 2 } },
      ["service s", "a→SHUTDOWN", "+1 READY", "b→SHUTDOWN", "+2 READY"],
    ],
    [
      "renews nothing while there are more slots than replicas",
      { parallelism: 0n, order: START_FIRST },
      UPDATING,
      { a: old, b: { ...old, slot: 2 }, c: { ...old, slot: 3 }, d: { ...old, slot: 4 } },
      [],
    ],
    [
      "waits for the slot under way",
      one,
      UPDATING,
      { a: { made: true, state: READY, desired: READY }, b: { ...old, slot: 2 } },
      [],
    ],
    [
      "goes on when it runs, and notes since when",
      one,
      UPDATING,
      { a: { made: true, since: settled }, b: { ...old, slot: 2 } },
      ["a→RUNNING", "b→SHUTDOWN", "+2 READY"],
    ],
    [
      "waits for the delay",
      { ...one, delay: toDuration(40_000) },
      UPDATING,
      { a: { made: true, ranAt: settled, since: settled }, b: { ...old, slot: 2 } },
      [],
    ],
    [
      "stops the old one when the new one runs",
      { ...one, order: START_FIRST },
      UPDATING,
      { a: old, b: { made: true, ranAt: settled, since: settled, createdAt: 1 } },
      ["a→SHUTDOWN"],
    ],
    [
      "keeps the old one until then",
      { ...one, order: START_FIRST },
      UPDATING,
      { a: old, b: { made: true, state: READY, createdAt: 1 } },
      [],
    ],
    [
      "follows what an interrupted update has begun",
      { ...one, order: START_FIRST },
      UNKNOWN,
      { a: old, b: { state: READY, createdAt: 1 } },
      ["service s"],
    ],
    [
      "is not done before it has taken over",
      { ...one, order: START_FIRST },
      UPDATING,
      { a: old, b: { state: READY, createdAt: 1 } },
      [],
    ],
    ["monitors", one, UPDATING, { a: { made: true, ranAt: now - 2_000, since: now - 2_000 } }, []],
    ["completes", one, UPDATING, { a: { made: true, ranAt: now - 5_000, since: now - 5_000 } }, ["service s"]],
    [
      "does not monitor what it would ignore",
      { ...one, failureAction: CONTINUE },
      UPDATING,
      { a: { made: true, since: now } },
      ["service s"],
    ],
    ["pauses on a failure", one, UPDATING, { a: { made: true, state: FAILED }, b: { ...old, slot: 2 } }, ["service s"]],
    [
      "does not blame a task for being stopped",
      one,
      UPDATING,
      { a: { made: true, state: SHUTDOWN, desired: SHUTDOWN, since: now }, b: { ...old, slot: 2 } },
      ["b→SHUTDOWN", "+2 READY"],
    ],
    [
      "does not blame one that ran for long enough",
      one,
      UPDATING,
      { a: { made: true, state: FAILED, ranAt: now - 50_000, since: settled }, b: { ...old, slot: 2 } },
      ["b→SHUTDOWN", "+2 READY"],
    ],
    [
      "goes on below the ratio",
      { ...one, maxFailureRatio: 0.5 },
      UPDATING,
      { a: { made: true, state: FAILED, since: settled }, b: { ...old, slot: 2 } },
      ["b→SHUTDOWN", "+2 READY"],
    ],
    ["stays paused", one, PAUSED, { a: old }, []],
    ["stays completed", one, COMPLETED, { a: old }, []],
    ["tidies up when it is completed", one, COMPLETED, { a: old, b: { createdAt: 1 } }, ["a→SHUTDOWN"]],
  ])("%s", (_, update, state, inits, expected) => {
    const of = service(update, state);
    const tasks = tasksFor(of, inits);
    expect(words(decide(of, tasks), tasks)).toEqual(expected);
  });

  it("says when to look again", () => {
    const of = service({ ...one, delay: toDuration(40_000) }, UPDATING);
    const delayed = tasksFor(of, {
      a: { made: true, ranAt: settled, since: settled },
      b: { ...old, slot: 2 },
    });
    expect(decide(of, delayed).lookAgainMs).toBe(10_000);
    const monitored = tasksFor(of, { a: { made: true, ranAt: now - 2_000, since: now - 2_000 } });
    expect(decide(of, monitored).lookAgainMs).toBe(3_000);
  });

  const serviceAfter = (of: Service, inits: Record<string, Made>) => {
    const [write] = decide(of, tasksFor(of, inits)).writes;
    if (write?.kind !== "update service") throw new Error("the service was not written");
    return write.service;
  };

  it("rolls back to the previous spec", () => {
    const of = service({ ...one, failureAction: ROLLBACK }, UPDATING);
    const previous = aService("s", { version: 1n, task: { forceUpdate: 7n } });
    const rolled = serviceAfter(
      { ...of, previousSpec: previous.spec, previousSpecVersion: previous.specVersion! },
      { a: { made: true, state: FAILED } },
    );
    expect(rolled.spec).toEqual(previous.spec);
    expect(rolled).toMatchObject({
      specVersion: { index: 1n },
      updateStatus: {
        state: UpdateState.ROLLBACK_STARTED,
        message: "update rolled back due to failure or early termination of task a",
      },
    });
    expect(rolled.previousSpec).toBeUndefined();
    expect(rolled.previousSpecVersion).toBeUndefined();
  });

  it("pauses where there is nothing to roll back to, and a rollback that fails", () => {
    const failed = { a: { made: true, state: FAILED } } as const;
    const without = serviceAfter(service({ ...one, failureAction: ROLLBACK }, UPDATING), failed);
    expect(without.updateStatus?.state).toBe(PAUSED);
    const rolling = aService("s", { replicas: 3, version: 2n, rollback: { ...one, failureAction: ROLLBACK } });
    const status = { state: UpdateState.ROLLBACK_STARTED, startedAt: toTimestamp(start) };
    const paused = serviceAfter({ ...rolling, updateStatus: create(UpdateStatusSchema, status) }, failed);
    expect(paused.updateStatus).toMatchObject({
      state: UpdateState.ROLLBACK_PAUSED,
      message: "rollback paused due to failure or early termination of task a",
    });
  });
});
