import { describe, expect, it } from "vitest";
import { SimClock } from "../sim/clock.ts";
import { SimRandom } from "../sim/random.ts";
import { KeyQueue } from "./key-queue.ts";

function setup() {
  const clock = new SimClock();
  let woken = 0;
  const queue = new KeyQueue({ clock, random: new SimRandom(), onReady: () => woken++ });
  return { clock, queue, woken: () => woken };
}

describe("KeyQueue", () => {
  it("hands out each key once, in order", () => {
    const { queue } = setup();
    for (const key of ["a", "b", "a"]) queue.add(key);
    expect([queue.take(), queue.take(), queue.take()]).toEqual(["a", "b", undefined]);
  });

  it("does not hand out a busy key, and brings it back when it was added meanwhile", () => {
    const { queue } = setup();
    queue.add("a");
    queue.take();
    queue.add("a");
    expect(queue.take()).toBeUndefined();
    queue.done("a");
    expect(queue.take()).toBe("a");
    queue.done("a");
    expect(queue.take()).toBeUndefined();
  });

  it("looks again after a delay; the earliest of several stands, and a look takes it back", async () => {
    const { clock, queue } = setup();
    queue.add("a", 500);
    queue.add("a", 900);
    queue.add("a", 200);
    await clock.advance(199);
    expect(queue.take()).toBeUndefined();
    await clock.advance(1);
    expect(queue.take()).toBe("a");
    queue.done("a");
    queue.add("a", 500);
    queue.add("a");
    expect(queue.take()).toBe("a");
    queue.done("a");
    expect(clock.pending).toBe(0);
  });

  it("keeps a failed key away for longer and longer, whatever hints come", async () => {
    const { clock, queue } = setup();
    const delays: number[] = [];
    queue.add("a");
    for (let round = 0; round < 12; round++) {
      expect(queue.take()).toBe("a");
      const delay = queue.failed("a");
      delays.push(delay);
      queue.add("a");
      expect(queue.take()).toBeUndefined();
      await clock.advance(Math.ceil(delay));
    }
    expect(delays[0]).toBeLessThanOrEqual(100);
    expect(delays[5]).toBeGreaterThan(delays[1]!);
    expect(Math.max(...delays)).toBeLessThanOrEqual(10_000);
    queue.take();
    queue.done("a");
    queue.add("a");
    expect(queue.take()).toBe("a");
  });

  it("wakes its owner when a key becomes ready, not when it is busy", async () => {
    const { clock, queue, woken } = setup();
    queue.add("a");
    queue.take();
    queue.add("a");
    expect(woken()).toBe(1);
    queue.done("a");
    expect(woken()).toBe(2);
    queue.add("b", 10);
    expect(woken()).toBe(2);
    await clock.advance(10);
    expect(woken()).toBe(3);
  });
});
