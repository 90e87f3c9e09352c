import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { toDuration } from "../../model/time.ts";
import { HealthConfigSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { afterProbe, type Health, type HealthPlan, planHealth, untilNextProbe } from "./health.ts";

const plan: HealthPlan = {
  command: ["true"],
  intervalMs: 1000,
  timeoutMs: 500,
  retries: 2,
  startPeriodMs: 10_000,
  startIntervalMs: 200,
};
const starting: Health = { status: "starting", failures: 0 };
const healthy: Health = { status: "healthy", failures: 0 };

describe("health checks", () => {
  it.each([
    ["none given", undefined, undefined],
    ["NONE", { test: ["NONE"] }, undefined],
    ["inherited from an image without one", { test: [], interval: toDuration(5) }, undefined],
    ["CMD", { test: ["CMD", "a", "b"] }, ["a", "b"]],
    ["CMD-SHELL", { test: ["CMD-SHELL", "a | b"] }, ["/bin/sh", "-c", "a | b"]],
  ])("%s", (_case, config, command) => {
    expect(planHealth(config && create(HealthConfigSchema, config))?.command).toEqual(command);
  });

  it("has Docker's defaults", () => {
    expect(planHealth(create(HealthConfigSchema, { test: ["CMD", "a"] }))).toEqual({
      command: ["a"],
      intervalMs: 30_000,
      timeoutMs: 30_000,
      retries: 3,
      startPeriodMs: 0,
      startIntervalMs: 5000,
    });
  });

  it.each([[["BOGUS", "a"]], [["CMD"]], [["CMD-SHELL"]]])("refuses %j", test => {
    expect(() => planHealth(create(HealthConfigSchema, { test }))).toThrow(
      expect.objectContaining({ code: "invalid_argument" }),
    );
  });

  it.each<[string, Health, boolean, number, Health]>([
    ["one success is enough", starting, true, 0, healthy],
    ["failures do not count in the start period", starting, false, 9999, starting],
    ["they count after it", starting, false, 10_000, { status: "starting", failures: 1 }],
    ["they count in it once it was healthy", healthy, false, 5000, { status: "healthy", failures: 1 }],
    ["enough of them", { status: "healthy", failures: 1 }, false, 5000, { status: "unhealthy", failures: 2 }],
    ["a success forgives", { status: "unhealthy", failures: 7 }, true, 5000, healthy],
  ])("%s", (_case, before, passed, ageMs, after) => {
    expect(afterProbe(before, passed, plan, ageMs)).toEqual(after);
  });

  it("asks more often in the start period", () => {
    expect(untilNextProbe(starting, plan, 0)).toBe(200);
    expect(untilNextProbe(starting, plan, 10_000)).toBe(1000);
    expect(untilNextProbe(healthy, plan, 0)).toBe(1000);
  });
});
