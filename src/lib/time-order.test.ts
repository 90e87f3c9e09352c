import { describe, expect, it } from "vitest";
import { Fault } from "./fault.ts";
import { TimeOrder } from "./time-order.ts";

/** A clock that is moved by hand. */
class HandClock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    const cancel = (): void => {
      this.#timers = this.#timers.filter(each => each !== timer);
    };
    return { cancel };
  }

  /** What is left of each timer, milliseconds. */
  get timersMs(): number[] {
    return this.#timers.map(({ at }) => at - this.#now);
  }

  async advance(ms: number): Promise<void> {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { run } of due) run();
    await settled();
  }
}

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

function reading(waiting = 10) {
  const clock = new HandClock();
  const order = new TimeOrder<number>({ timeOf: BigInt, holdMs: 100, waiting, clock });
  const read: number[] = [];
  /** How it ended. */
  const over = (async () => {
    for await (const items of order) read.push(...items);
  })().then(() => "end", String);
  return { clock, order, read, over };
}

describe("items of several sources", () => {
  it("come in the order of their times, as soon as each source has one", async () => {
    const { order, read, over } = reading();
    for (const source of ["a", "b"]) order.open(source);
    await order.put("a", [1, 4, 5]);
    await settled();
    expect(read).toEqual([]);
    await order.put("b", [2, 3, 9]);
    await settled();
    expect(read).toEqual([1, 2, 3, 4, 5]);
    order.finish("a");
    await settled();
    expect(read).toEqual([1, 2, 3, 4, 5, 9]);
    await order.put("a", []);
    order.end();
    expect(await over).toBe("end");
  });

  it("are waited for by whole milliseconds, for a clock that ends up just before the time", async () => {
    const { clock, order, read } = reading();
    for (const source of ["a", "b"]) order.open(source);
    await order.put("a", [5]);
    await clock.advance(100 - 1e-12);
    await order.put("a", [6]);
    expect({ read, timersMs: clock.timersMs }).toEqual({ read: [], timersMs: [1] });
    await clock.advance(1);
    expect(read).toEqual([5]);
  });

  it("do not wait longer than they may for a source that is silent", async () => {
    const { clock, order, read } = reading();
    for (const source of ["a", "b"]) order.open(source);
    await order.put("a", [5]);
    await clock.advance(99);
    expect(read).toEqual([]);
    await clock.advance(1);
    expect(read).toEqual([5]);
    await order.put("b", [3]);
    await clock.advance(100);
    expect(read).toEqual([5, 3]);
  });

  it("wait for nobody where there is one source", async () => {
    const { order, read } = reading();
    order.open("a");
    await order.put("a", [2, 1]);
    await settled();
    expect(read).toEqual([2, 1]);
  });

  it("make their source wait when there are too many", async () => {
    const { order, read } = reading(2);
    for (const source of ["a", "b"]) order.open(source);
    await order.put("a", [1, 2]);
    let taken = false;
    const more = order.put("a", [7]).then(wanted => {
      taken = wanted;
    });
    await settled();
    expect([taken, read]).toEqual([false, []]);
    await order.put("b", [3]);
    await more;
    expect(taken).toBe(true);
  });

  it("go out before the end, or the fault", async () => {
    const { order, read, over } = reading();
    for (const source of ["a", "b"]) order.open(source);
    await order.put("a", [1]);
    order.end(new Fault("unavailable", "stopped"));
    expect([await over, read]).toEqual(["Fault: stopped", [1]]);
  });

  it("are not taken once nobody reads", async () => {
    const { order } = reading(1);
    order.open("a");
    order.open("b");
    await order.put("a", [1]);
    const blocked = order.put("a", [2]);
    order.close();
    expect(await blocked).toBe(false);
    expect(await order.put("b", [1])).toBe(false);
    expect(order.closed).toBe(true);
  });
});
