import { describe, expect, it } from "vitest";
import { Limiter } from "./limiter.ts";

describe("a limiter", () => {
  it("runs no more than its limit at once, in the order of arrival, and goes on after failures", async () => {
    const limiter = new Limiter(2);
    const order: number[] = [];
    const finish: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const works = [0, 1, 2, 3, 4].map(number =>
      limiter.run(async () => {
        order.push(number);
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>(resolve => finish.push(resolve));
        running -= 1;
        if (number === 1) throw new Error("one failed");
        return number;
      }),
    );
    const settled = Promise.allSettled(works);
    for (let ended = 0; ended < 5; ended += 1) {
      await new Promise(resolve => setImmediate(resolve));
      finish.shift()!();
    }
    const results = await settled;
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(results.map(result => result.status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
      "fulfilled",
    ]);
    expect(await limiter.run(async () => "again")).toBe("again");
  });
});
