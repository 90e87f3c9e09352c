import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { noMeters } from "../ports/meters.ts";
import { ListNodesResponseSchema } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { TestApi, testMachine } from "./api.test-kit.ts";
import { fakeControl } from "./fakes.test-kit.ts";

let api: TestApi;
let measured: string[];
beforeEach(async () => {
  measured = [];
  const apiAnswered: typeof noMeters.apiAnswered = ({ method, route, status }) =>
    void measured.push(`${method} ${route} ${status}`);
  api = await TestApi.start([], testMachine, { meters: { ...noMeters, apiAnswered } });
  api.backend.client = fakeControl({ listNodes: async () => create(ListNodesResponseSchema, {}) });
});
afterEach(() => api[Symbol.asyncDispose]());

describe("requests to the API are measured", () => {
  it.each([
    ["GET", "/v1.41/nodes", "GET nodes 200"],
    ["GET", "/nodes/x", "GET nodes 404"],
    ["GET", "/containers/json", "GET engine 299"],
    ["GET", "/services/none/of/these", "GET engine 404"],
  ])("%s %s", async (method, path, expected) => {
    await api.call(method, path);
    expect(measured).toEqual([expected]);
  });

  it("when the answer of a stream begins, not when it ends", async () => {
    const response = await api.open("GET", "/events");
    await expect.poll(() => measured).toEqual(["GET events 200"]);
    response.destroy();
  });
});
