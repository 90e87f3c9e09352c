import { expect, it } from "vitest";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aService, aTask, type TaskInit } from "./objects.test-kit.ts";
import { isShrinking, ShrinkingServices } from "./shrinking.ts";
import { slotsOf } from "./slot.ts";

const service = aService("s", { replicas: 2 });
const everywhere = aService("s", { replicas: undefined });
const stopped = { desired: TaskState.SHUTDOWN };

it.each<[string, typeof service, Record<string, TaskInit>, boolean]>([
  ["as many slots as replicas", service, { a: { slot: 1 }, b: { slot: 2 } }, false],
  ["more slots than replicas", service, { a: { slot: 1 }, b: { slot: 2 }, c: { slot: 7 } }, true],
  ["two tasks in one slot", service, { a: { slot: 1 }, b: { slot: 2 }, c: { slot: 2 } }, false],
  ["a slot that was given up", service, { a: { slot: 1 }, b: { slot: 2 }, c: { slot: 3, ...stopped } }, false],
  ["a global service", everywhere, { a: { slot: 0, node: "n" }, b: { slot: 0, node: "m" } }, false],
])("shrinks or not: %s", (_, of, inits, expected) => {
  const tasks = Object.entries(inits).map(([id, init]) => aTask(of, id, init));
  expect(isShrinking(of, slotsOf(tasks).values())).toBe(expected);
});

it("counts tasks once for a spec that they fit", () => {
  const services = new ShrinkingServices();
  let counted = 0;
  const has = (of: typeof service, slots: number): boolean =>
    services.has(of, () => {
      counted++;
      return Array.from({ length: slots }, (_, at) => aTask(of, `t${at}`, { slot: at + 1 }));
    });
  const smaller = { ...service, spec: aService("s", { replicas: 1 }).spec };
  expect([
    has(service, 2),
    has(service, 2),
    has(smaller, 2),
    has(smaller, 2),
    has(smaller, 1),
    has(smaller, 1),
  ]).toEqual([...[false, false], ...[true, true], ...[false, false]]);
  expect(counted).toBe(4);
});
