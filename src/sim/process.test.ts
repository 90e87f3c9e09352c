import { describe, expect, it } from "vitest";
import { SimClock } from "./clock.ts";
import { SimProcess } from "./process.ts";
import { SimRandom } from "./random.ts";

function program(options: { rate?: number; skewMs?: number } = {}) {
  const clock = new SimClock();
  const process = new SimProcess({ clock, random: new SimRandom(1), ...options });
  const ran: string[] = [];
  const later = (ms: number, name: string) => process.clock.after(ms, () => ran.push(name));
  return { clock, process, ran, later };
}

describe("a simulated program", () => {
  it("has clocks that go too fast or too slowly", async () => {
    const { clock, process, ran, later } = program({ rate: 1.25, skewMs: 500 });
    const start = process.clock.now();
    expect(start).toBe(clock.now() + 500);
    later(1_000, "a");
    await clock.advance(799);
    expect(ran).toEqual([]);
    await clock.advance(1);
    expect(ran).toEqual(["a"]);
    expect([process.clock.monotonic(), process.clock.now() - start]).toEqual([1_000, 1_000]);
  });

  it("does nothing while it is paused, and everything that fell due after that, but what was cancelled", async () => {
    const { clock, process, ran, later } = program();
    later(10, "a");
    const cancelled = later(20, "b");
    later(30, "c");
    later(100, "d");
    process.pause();
    await clock.advance(50);
    expect([ran, process.timers]).toEqual([[], 4]);
    cancelled.cancel();
    void process.resumed().then(() => ran.push("resumed"));
    await clock.advance(0);
    expect(ran.splice(0)).toEqual([]);
    process.resume();
    await Promise.resolve();
    await Promise.resolve();
    expect(ran.splice(0)).toEqual(["resumed"]);
    await clock.advance(0);
    expect(ran).toEqual(["a", "c"]);
    await clock.advance(50);
    expect([ran, process.timers, clock.pending]).toEqual([["a", "c", "d"], 0, 0]);
  });

  it("does nothing any more when it is killed, paused or not", async () => {
    const { clock, process, ran, later } = program();
    later(10, "a");
    process.pause();
    await clock.advance(20);
    process.kill();
    process.resume();
    later(10, "b");
    await clock.advance(50);
    expect([ran, process.timers, clock.pending]).toEqual([[], 0, 0]);
  });
});
