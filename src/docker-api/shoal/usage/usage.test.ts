import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../../../lib/fault.ts";
import { UsageMessageSchema, type WatchUsageRequest } from "../../../wire/gen/shoal/v1/usage_pb.ts";
import { TestApi } from "../../api.test-kit.ts";
import { inactive } from "../../fakes.test-kit.ts";

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api[Symbol.asyncDispose]());

const message = create(UsageMessageSchema, {
  total: { cpus: [Number.NaN, 0.123456], memoryBytes: [Number.NaN, 1000] },
  tasks: [{ taskId: "t1", series: { cpus: [0.5], memoryBytes: [10] } }],
  leftOut: 3,
});

describe("GET /shoal/usage", () => {
  it.each([
    ["service=s1", { case: "serviceId", value: "s1" }],
    ["node=n1", { case: "nodeId", value: "n1" }],
  ])("tells what the leader says of %s", async (query, of) => {
    const asked: unknown[] = [];
    api.backend.usageClient = {
      async *watch(request) {
        asked.push((request as WatchUsageRequest).of);
        yield message;
      },
    };
    const answer = await api.call("GET", `/shoal/usage?${query}`);
    expect(asked).toEqual([of]);
    const [, data = ""] = /^event: usage\ndata: (.*)\n\n$/.exec(answer.text) ?? [];
    expect(JSON.parse(data)).toEqual({
      PeriodMs: 10_000,
      Total: { CPUs: [null, 0.1235], Memory: [null, 1000] },
      Tasks: { t1: { CPUs: [0.5], Memory: [10] } },
      LeftOut: 3,
    });
  });

  it("ends with the leader's reign", async () => {
    api.backend.usageClient = {
      async *watch() {
        yield message;
        throw new Fault("unavailable", "dispatcher is stopped");
      },
    };
    await expect(api.call("GET", "/shoal/usage?service=s1")).rejects.toThrow();
  });

  it.each(["", "?service=s1&node=n1"])("is refused without one owner: %j", async query => {
    expect((await api.call("GET", `/shoal/usage${query}`)).status).toBe(400);
  });

  it("is refused where there is no manager", async () => {
    api.backend.current = inactive;
    expect((await api.call("GET", "/shoal/usage?service=s1")).status).toBe(503);
  });
});
