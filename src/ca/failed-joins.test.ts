import { describe, expect, it } from "vitest";
import { SimClock } from "../sim/clock.ts";
import { FailedJoins, maxAddresses, maxFailures, windowMs } from "./failed-joins.ts";

describe("failed joins", () => {
  it("make an address wait for the end of its window, and that one alone", async () => {
    const clock = new SimClock();
    const joins = new FailedJoins(clock);
    for (let i = 0; i < maxFailures; i++) {
      joins.check("10.0.0.1");
      joins.record("10.0.0.1");
      await clock.advance(1_000);
    }
    expect(() => joins.check("10.0.0.1")).toThrow(
      expect.objectContaining({ code: "resource_exhausted", message: expect.stringContaining("try again in 30 s") }),
    );
    joins.check("10.0.0.2");
    await clock.advance(windowMs - maxFailures * 1_000);
    joins.check("10.0.0.1");
    joins.record("10.0.0.1");
    joins.check("10.0.0.1");
  });

  it("forgets the address that failed longest ago when there are too many", () => {
    const joins = new FailedJoins(new SimClock());
    const fail = (address: string) => {
      for (let i = 0; i < maxFailures; i++) joins.record(address);
    };
    fail("first");
    fail("second");
    joins.record("first");
    for (let i = 0; i < maxAddresses - 1; i++) joins.record(`${i}`);
    expect(() => joins.check("first")).toThrow();
    joins.check("second");
  });
});
