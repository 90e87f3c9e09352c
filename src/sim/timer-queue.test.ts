import { expect, it } from "vitest";
import { SimRandom } from "./random.ts";
import { type Due, TimerQueue } from "./timer-queue.ts";

it("gives timers in order of time, then of set-up, without those cancelled", () => {
  const random = new SimRandom(7);
  const queue = new TimerQueue();
  const kept: Due[] = [];
  for (let order = 0; order < 500; order++) {
    const due = { at: Math.floor(random.float() * 50), order, run: () => {} };
    queue.add(due);
    if (random.float() < 0.3) queue.cancel(due);
    else kept.push(due);
  }
  expect(queue.size).toBe(kept.length);
  const taken: Due[] = [];
  for (let due = queue.take(24); due; due = queue.take(24)) taken.push(due);
  expect(taken.every(due => due.at <= 24)).toBe(true);
  for (let due = queue.take(49); due; due = queue.take(49)) taken.push(due);
  expect(taken).toEqual(kept.sort((a, b) => a.at - b.at || a.order - b.order));
  expect(queue.size).toBe(0);
});
