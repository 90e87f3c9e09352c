import { beforeEach, describe, expect, it } from "vitest";
import type { Leadership } from "../consensus/leadership.ts";
import { Fault } from "../lib/fault.ts";
import { silentLogger } from "../ports/log.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { LeaderSeat, type Seated } from "./leader-seat.ts";

const leading = (term: bigint): Leadership => ({ kind: "leading", term });
const none: Leadership = { kind: "none" };
const never = new AbortController().signal;

let clock: SimClock;
let told: string[];
let broken: Fault[];
/** What the next units' starts wait for, first in first out. */
let starts: Promise<void>[];
let stops: Promise<void>[];
let running: number;
let seat: LeaderSeat<Unit>;

class Unit implements Seated {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    running += 1;
    if (running > 1) told.push("two at a time");
  }

  async start(): Promise<void> {
    told.push(`${this.#name} starts`);
    await starts.shift();
    told.push(`${this.#name} serves`);
  }

  silence(): void {
    told.push(`${this.#name} is silent`);
  }

  async stop(): Promise<void> {
    await stops.shift();
    running -= 1;
    told.push(`${this.#name} stops`);
  }
}

/** A promise, and what resolves or rejects it. */
function gate(): { promise: Promise<void>; open: () => void; fail: (fault: Fault) => void } {
  let open = (): void => {};
  let fail = (_: Fault): void => {};
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

beforeEach(() => {
  clock = new SimClock();
  [told, broken, starts, stops, running] = [[], [], [], [], 0];
  let made = 0;
  seat = new LeaderSeat<Unit>({
    ...{ clock, log: silentLogger },
    make: () => new Unit(`unit ${++made}`),
    onBroken: fault => broken.push(fault),
  });
});

describe("what only the leader does", () => {
  it("is started and stopped with leadership", async () => {
    seat.set(leading(1n));
    expect(await seat.serving(never)).toBeInstanceOf(Unit);
    seat.set(none);
    expect(told).toEqual(["unit 1 starts", "unit 1 serves", "unit 1 is silent"]);
    await expect(seat.serving(never)).rejects.toMatchObject({ code: "unavailable" });
    await settle();
    expect(told.at(-1)).toBe("unit 1 stops");
    seat.set(leading(2n));
    await seat.serving(never);
    await seat.close();
    expect(told.slice(4)).toEqual(["unit 2 starts", "unit 2 serves", "unit 2 is silent", "unit 2 stops"]);
  });

  it("is never there twice, however leadership flaps, and ends up as it is to be", async () => {
    const [slow, stopping] = [gate(), gate()];
    starts.push(slow.promise);
    stops.push(stopping.promise);
    seat.set(leading(1n));
    await settle();
    for (const leadership of [none, leading(2n), none, leading(3n)]) seat.set(leadership);
    slow.open();
    await settle();
    expect(running).toBe(1);
    stopping.open();
    await seat.serving(never);
    expect(told).not.toContain("two at a time");
    expect(told.slice(-3)).toEqual(["unit 1 stops", "unit 2 starts", "unit 2 serves"]);
    await seat.close();
    expect(running).toBe(0);
  });

  it("is waited for while it starts, for 3 s", async () => {
    const slow = gate();
    starts.push(slow.promise);
    seat.set(leading(1n));
    const early = seat.serving(never).catch(error => error);
    await clock.advance(3_000);
    expect(await early).toMatchObject({ code: "unavailable" });
    const late = seat.serving(never);
    slow.open();
    expect(await late).toBeInstanceOf(Unit);
    await seat.close();
  });

  it("is started again when that failed for a reason that passes", async () => {
    const failing = gate();
    starts.push(failing.promise);
    seat.set(leading(1n));
    failing.fail(new Fault("resource_exhausted", "the disk is full"));
    const serving = seat.serving(never);
    await clock.advance(1_000);
    expect(await serving).toBeInstanceOf(Unit);
    expect(told).toEqual(["unit 1 starts", "unit 1 stops", "unit 2 starts", "unit 2 serves"]);
    await seat.close();
    expect(clock.pending).toBe(0);
  });

  it("is not started again when leadership has gone meanwhile", async () => {
    const failing = gate();
    starts.push(failing.promise);
    seat.set(leading(1n));
    seat.set(none);
    failing.fail(new Fault("unavailable", "lost"));
    await settle();
    await clock.advance(5_000);
    expect(told).toEqual(["unit 1 starts", "unit 1 is silent", "unit 1 stops"]);
  });

  it("says so when it cannot be led from here at all", async () => {
    const failing = gate();
    starts.push(failing.promise);
    seat.set(leading(1n));
    failing.fail(new Fault("data_loss", "no swarm"));
    await settle();
    expect(broken).toEqual([expect.objectContaining({ code: "data_loss" })]);
    await seat.close();
  });
});
