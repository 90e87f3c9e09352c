import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, it } from "vitest";
import { usagePeriodMs, usageSamples } from "../../model/usage-history.ts";
import { SimClock } from "../../sim/clock.ts";
import { SimRandom } from "../../sim/random.ts";
import { sampleService, sampleTask } from "../../sim/samples.ts";
import { newSimStore, type SimStore } from "../../sim/store.ts";
import { UsageReportSchema, WatchUsageRequestSchema } from "../../wire/gen/shoal/v1/usage_pb.ts";
import { UsageService } from "./usage-service.ts";

let clock: SimClock;
let store: SimStore;
let service: UsageService;

beforeEach(async () => {
  clock = new SimClock();
  store = newSimStore({ clock });
  service = new UsageService({ store, clock, random: new SimRandom() });
  const web = sampleService("s1", "web");
  await store.update(tx => {
    for (const [id, nodeId] of [
      ["t1", "n1"],
      ["t2", "n2"],
    ] as const)
      tx.task.create(sampleTask(id, web, { nodeId }));
  });
});

const report = (nodeId: string, tasks: Readonly<Record<string, readonly number[]>>, memory = 100): number => {
  const all = Object.entries(tasks).map(([taskId, cpus]) => ({
    ...{ taskId, series: { cpus: [...cpus], memoryBytes: cpus.map(() => memory) } },
  }));
  return service.report(nodeId, create(UsageReportSchema, { tasks: all }));
};

async function first(of: "s1" | "") {
  const request = create(WatchUsageRequestSchema, of ? { of: { case: "serviceId", value: of } } : {});
  const context = { caller: undefined, peerAddress: "", signal: new AbortController().signal };
  for await (const message of service.watch(request, context)) return message;
  return undefined;
}

describe("reports of usage", () => {
  it("ask for the next one in the middle half of the next period", () => {
    for (let times = 0; times < 50; times++) {
      const into = clock.monotonic() % usagePeriodMs;
      const share = (into + report("n1", { t1: [1] })) / usagePeriodMs - 1;
      expect(Math.abs(share - 0.5)).toBeLessThanOrEqual(0.25);
    }
  });

  it("are of the node's own tasks, or nothing of them is taken", async () => {
    expect(() => report("n1", { t1: [1], t2: [1] })).toThrow("not assigned this node");
    await clock.advance(usagePeriodMs);
    expect((await first("s1"))?.tasks).toEqual([]);
  });

  it("may be of tasks that are gone by now", () => {
    expect(report("n1", { gone: [1] })).toBeGreaterThan(0);
  });

  it.each([
    ["longer than an hour", { cpus: Array.from({ length: usageSamples + 1 }, () => 1), memoryBytes: [1] }],
    ["of two lengths", { cpus: [1, 2], memoryBytes: [1] }],
  ])("are refused when they are %s", (_, series) => {
    const message = create(UsageReportSchema, { tasks: [{ taskId: "t1", series }] });
    expect(() => service.report("n1", message)).toThrow("Cannot take a report");
  });

  it.each([[-1], [Number.POSITIVE_INFINITY], [Number.NaN]])("do not spoil the sum with %j", async cpus => {
    report("n1", { t1: [cpus] });
    report("n2", { t2: [2] });
    await clock.advance(usagePeriodMs);
    expect((await first("s1"))?.total?.cpus.at(-1)).toBe(2);
  });

  it("are looked at by saying whose", async () => {
    await expect(first("")).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
