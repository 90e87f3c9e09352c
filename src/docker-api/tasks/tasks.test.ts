import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import {
  GetTaskResponseSchema,
  ListNodesResponseSchema,
  ListServicesResponseSchema,
  ListTasksResponseSchema,
} from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { TestApi } from "../api.test-kit.ts";
import { fakeControl, inactive } from "../fakes.test-kit.ts";

let api: TestApi;
let asked: unknown[];

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());

beforeEach(() => {
  asked = [];
  const task = {
    id: "t1abc",
    spec: { runtime: { case: "container" as const, value: {} } },
    desiredState: TaskState.RUNNING,
  };
  const missing = () => Promise.reject(new Fault("not_found", "no such object"));
  api.backend.client = fakeControl({
    listTasks: async ({ filters }) => {
      const byPrefix = filters?.idPrefixes?.some(prefix => task.id.startsWith(prefix));
      const lookup = (filters?.idPrefixes?.length ?? 0) > 0 || (filters?.names?.length ?? 0) > 0;
      if (!lookup) asked.push(filters);
      return create(ListTasksResponseSchema, { tasks: lookup && !byPrefix ? [] : [task] });
    },
    getTask: async ({ taskId }) => (taskId === task.id ? create(GetTaskResponseSchema, { task }) : missing()),
    getService: missing,
    getNode: missing,
    listServices: async ({ filters }) =>
      create(ListServicesResponseSchema, { services: filters?.names?.includes("web") ? [{ id: "s1" }] : [] }),
    listNodes: async ({ filters }) =>
      create(ListNodesResponseSchema, { nodes: filters?.names?.includes("vm") ? [{ id: "n1" }] : [] }),
  });
  api.backend.current = { ...api.backend.current, state: "active", controlAvailable: true };
});

const filtered = (filters: unknown) => api.call("GET", `/tasks?filters=${encodeURIComponent(JSON.stringify(filters))}`);

describe("GET /tasks", () => {
  it("asks for containers unless told otherwise", async () => {
    expect((await api.call("GET", "/tasks")).json).toMatchObject([{ ID: "t1abc", DesiredState: "running" }]);
    await filtered({ runtime: ["plugin"] });
    expect(asked).toMatchObject([
      { runtimes: ["container", ""], upToDate: false },
      { runtimes: ["plugin"], upToDate: false },
    ]);
  });

  it("looks services and nodes up, and hands every other filter on", async () => {
    await filtered({ service: { web: true }, node: ["vm"], "desired-state": ["Running", "shutdown", ""] });
    await filtered({ "_up-to-date": { true: true }, label: ["com.docker.stack.namespace=st"], name: ["web.1"] });
    expect(asked).toMatchObject([
      { serviceIds: ["s1"], nodeIds: ["n1"], desiredStates: [TaskState.RUNNING, TaskState.SHUTDOWN] },
      { upToDate: true, labels: { "com.docker.stack.namespace": "st" }, namePrefixes: ["web.1"] },
    ]);
  });

  it.each<[status: number, text: string, filters: unknown]>([
    [404, "service nope not found", { service: ["nope"] }],
    [404, "node nope not found", { node: ["nope"] }],
    [500, "Invalid desired-state filter: 'bogus'", { "desired-state": ["bogus"] }],
    [400, "Invalid filter 'bogus'", { bogus: ["x"] }],
  ])("answers %d %s", async (status, text, filters) => {
    const answer = await filtered(filters);
    expect([answer.status, answer.json]).toEqual([status, { message: text }]);
    expect(asked).toEqual([]);
  });
});

describe("GET /tasks/{id}", () => {
  it("finds a task by its id or a prefix of it", async () => {
    for (const reference of ["t1abc", "t1"]) {
      expect((await api.call("GET", `/tasks/${reference}`)).json).toMatchObject({ ID: "t1abc" });
    }
    const answer = await api.call("GET", "/tasks/nope");
    expect([answer.status, answer.json]).toEqual([404, { message: "task nope not found" }]);
  });

  it("says where there is no swarm how to get one", async () => {
    api.backend.current = inactive;
    const answer = await api.call("GET", "/tasks/t1");
    expect(answer.status).toBe(503);
    expect(answer.json).toMatchObject({ message: expect.stringContaining("This node is not a swarm manager.") });
  });
});
