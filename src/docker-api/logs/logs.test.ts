import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Fault } from "../../lib/fault.ts";
import type { CallOptions } from "../../ports/transport.ts";
import {
  GetServiceResponseSchema,
  GetTaskResponseSchema,
  ListServicesResponseSchema,
  ListTasksResponseSchema,
} from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import {
  LogStream,
  type SubscribeLogsMessage,
  SubscribeLogsMessageSchema,
} from "../../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { TestApi } from "../api.test-kit.ts";
import { fakeControl } from "../fakes.test-kit.ts";

let api: TestApi;
let signal: AbortSignal | undefined;
let subscription: unknown;

function batch(...texts: string[]): SubscribeLogsMessage {
  const context = { nodeId: "n", serviceId: "s", taskId: "t" };
  const messages = texts.map(text => ({ context, stream: LogStream.STDOUT, data: Buffer.from(text) }));
  return create(SubscribeLogsMessageSchema, { messages });
}

/** The subscription answers with what `lines` yields. */
function logsAre(lines: (signal: AbortSignal) => AsyncIterable<SubscribeLogsMessage>): void {
  api.backend.logClient = {
    subscribeLogs: (request: unknown, options?: CallOptions) => {
      subscription = request;
      signal = options?.signal;
      return lines(options?.signal ?? new AbortController().signal);
    },
  };
}

beforeEach(async () => {
  api = await TestApi.start();
  const runtime = (tty: boolean) => ({ runtime: { case: "container" as const, value: { tty } } });
  const missing = () => Promise.reject(new Fault("not_found", "no such object"));
  const [service, terminal] = [false, true].map(tty => ({ id: tty ? "tty1" : "s1", spec: { task: runtime(tty) } }));
  const task = { id: "t1", spec: runtime(false) };
  api.backend.client = fakeControl({
    getService: async ({ serviceId }) => {
      const found = [service, terminal].find(each => each?.id === serviceId);
      return found ? create(GetServiceResponseSchema, { service: found }) : missing();
    },
    listServices: async () => create(ListServicesResponseSchema),
    getTask: async ({ taskId }) => (taskId === "t1" ? create(GetTaskResponseSchema, { task }) : missing()),
    listTasks: async () => create(ListTasksResponseSchema),
  });
});
afterEach(() => api[Symbol.asyncDispose]());

const frame = (stream: number, text: string) => `${String.fromCharCode(stream, 0, 0, 0, 0, 0, 0, text.length)}${text}`;

describe("GET /services/{id}/logs", () => {
  it("streams one line a frame", async () => {
    logsAre(async function* () {
      yield batch("one\n", "two\n");
      yield batch("three\n");
    });
    const answer = await api.call("GET", "/v1.41/services/s1/logs?stdout=1&tail=5");
    expect(answer.text).toBe(frame(1, "one\n") + frame(1, "two\n") + frame(1, "three\n"));
    expect(answer.headers["content-type"]).toBe("application/vnd.docker.raw-stream");
    expect(subscription).toMatchObject({ selector: { serviceIds: ["s1"] }, options: { tail: -6n, follow: false } });
    const newer = await api.call("GET", "/v1.42/services/s1/logs?stdout=1");
    expect(newer.headers["content-type"]).toBe("application/vnd.docker.multiplexed-stream");
  });

  it("streams a terminal's bytes as they came", async () => {
    logsAre(async function* () {
      yield batch("one\r\n");
    });
    const answer = await api.call("GET", "/services/tty1/logs?stdout=1");
    expect([answer.text, answer.headers["content-type"]]).toEqual(["one\r\n", "application/vnd.docker.raw-stream"]);
  });

  it("tells in the stream what could not be had", async () => {
    logsAre(async function* () {
      yield batch("one\n");
      throw new Fault("unknown", "warning: incomplete log stream");
    });
    const text = "Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream\n";
    expect((await api.call("GET", "/tasks/t1/logs?stdout=1")).text).toBe(frame(1, "one\n") + frame(3, text));
    expect(subscription).toMatchObject({ selector: { taskIds: ["t1"] } });
  });

  it("ends the subscription when the client goes away, though no line comes", async () => {
    logsAre(async function* (aborted) {
      yield batch("one\n");
      await new Promise((_, reject) => aborted.addEventListener("abort", () => reject(new Fault("cancelled", "gone"))));
    });
    const response = await api.open("GET", "/services/s1/logs?stdout=1&follow=1");
    await new Promise(resolve => response.once("data", resolve));
    expect(signal?.aborted).toBe(false);
    response.destroy();
    await vi.waitFor(() => expect(signal?.aborted).toBe(true));
  });

  it("does not read ahead of a client that does not", async () => {
    let taken = 0;
    const line = `${"x".repeat(65_535)}\n`;
    logsAre(async function* (aborted) {
      for (; !aborted.aborted && taken < 10_000; taken++) yield batch(line);
    });
    const response = await api.open("GET", "/services/s1/logs?stdout=1&follow=1");
    let before = -1;
    // The buffers on the way fill up; then nothing moves any more.
    await vi.waitFor(() => {
      const still = taken === before;
      before = taken;
      expect(still).toBe(true);
    });
    expect(taken).toBeLessThan(200);
    response.destroy();
    await vi.waitFor(() => expect(signal?.aborted).toBe(true));
  });

  it.each([
    [404, "service nope not found", "/services/nope/logs?stdout=1"],
    [404, "task nope not found", "/tasks/nope/logs?stdout=1"],
    [500, "Bad parameters: you must choose at least one stream", "/services/s1/logs"],
    [400, "negative tail values not supported", "/tasks/t1/logs?stdout=1&tail=-1"],
  ])("answers %d %s", async (status, text, path) => {
    const answer = await api.call("GET", path);
    expect([answer.status, answer.json]).toEqual([status, { message: text }]);
  });
});
