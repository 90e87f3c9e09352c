import { expect, it } from "vitest";
import { Gate } from "./gate.ts";

it("lets only so many jobs run at once, in order, also when some fail", async () => {
  const gate = new Gate(2);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const jobs = [1, 2, 3, 4, 5].map(job =>
    gate.run(async () => {
      order.push(job);
      running += 1;
      most = Math.max(most, running);
      await new Promise(resolve => setImmediate(resolve));
      running -= 1;
      if (job === 2) throw new Error("job 2");
      return job;
    }),
  );
  expect((await Promise.allSettled(jobs)).map(each => each.status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
  expect(order).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});
