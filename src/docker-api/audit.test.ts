import { request } from "node:http";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import {
  CreateSecretResponseSchema,
  GetServiceResponseSchema,
  RemoveServiceResponseSchema,
} from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { TestApi } from "./api.test-kit.ts";
import type { AuditRecord } from "./audit-record.ts";
import { fakeControl, inactive } from "./fakes.test-kit.ts";

describe("the audit", () => {
  let api: TestApi;
  let records: AuditRecord[];

  beforeEach(async () => {
    records = [];
    api = await TestApi.start([], undefined, { audit: record => records.push(record) });
    api.backend.client = fakeControl({
      createSecret: async () => create(CreateSecretResponseSchema, { secret: { id: "sid" } }),
      createService: async () => {
        throw new Fault("invalid_argument", 'expanding env failed: expanding env "PASSWORD=hidden{{": unclosed action');
      },
      getService: async () => create(GetServiceResponseSchema, { service: { id: "s1" } }),
      removeService: async () => create(RemoveServiceResponseSchema),
    });
  });
  afterEach(() => api[Symbol.asyncDispose]());

  const told = async (count = 1): Promise<object[]> => {
    await expect.poll(() => records.length).toBe(count);
    return records.map(({ time, ms, ...record }) => {
      expect(Date.parse(time)).toBeGreaterThan(0);
      expect(ms).toBeGreaterThanOrEqual(0);
      return record;
    });
  };
  const here = { who: { via: "unix socket" } };

  it("tells what was made, and nothing of what is in it", async () => {
    await api.call("POST", "/v1.41/secrets/create", { Name: "key", Data: "aGlkZGVu", Labels: { l: "hidden" } });
    const object = { kind: "secret", name: "key", id: "sid" };
    expect(await told()).toEqual([{ ...here, method: "POST", route: "/secrets/create", object, status: 201 }]);
    expect(JSON.stringify(records)).not.toMatch(/aGlkZGVu|hidden/);
  });

  it("tells what was asked of which object, and why it was refused", async () => {
    await api.call("DELETE", "/services/web");
    await api.call("POST", "/services/create", { Name: "bad", TaskTemplate: { ContainerSpec: { Image: "x" } } });
    api.backend.current = inactive;
    await api.call("POST", "/nodes/n1/update?version=3&token=hidden", {});
    const error = 'rpc error: code = InvalidArgument desc = expanding env failed: expanding env "…": unclosed action';
    expect(await told(3)).toEqual([
      { ...here, method: "DELETE", route: "/services/:id", object: { kind: "service", name: "web" }, status: 200 },
      {
        ...here,
        method: "POST",
        route: "/services/create",
        object: { kind: "service", name: "bad" },
        status: 400,
        error,
      },
      {
        ...here,
        ...{ method: "POST", route: "/nodes/:id/update", object: { kind: "node", name: "n1" }, status: 503 },
        error: expect.stringContaining("This node is not a swarm manager."),
      },
    ]);
    expect(JSON.stringify(records)).not.toContain("hidden");
  });

  it("tells nothing of calls that only read", async () => {
    for (const path of ["/_ping", "/services", "/containers/json", "/nowhere"]) await api.call("GET", path);
    await api.call("HEAD", "/_ping");
    expect(records).toEqual([]);
  });

  it.each<[string, string, AuditRecord["object"]]>([
    ["POST", "/containers/create?name=web", { kind: "container", name: "web" }],
    ["POST", "/containers/abc/stop", { kind: "container", name: "abc" }],
    ["DELETE", "/volumes/v1", { kind: "volume", name: "v1" }],
    ["POST", "/images/create?fromImage=busybox&tag=1&password=hidden", { kind: "image", name: "busybox" }],
    ["POST", "/images/load", { kind: "image" }],
    ["POST", "/build?buildargs=hidden", { kind: "build" }],
  ])("tells what goes on to the engine: %s %s", async (method, path, object) => {
    const { status } = await api.call(method, `/v1.41${path}`, "{}");
    expect(await told()).toEqual([{ ...here, method, route: path.split("?")[0], object, status }]);
    expect(JSON.stringify(records)).not.toContain("hidden");
  });

  it("tells of connections that become something else", async () => {
    const path = "/exec/e1/start";
    const headers = { Connection: "Upgrade", Upgrade: "tcp" };
    const call = request({ socketPath: api.socketPath, method: "POST", path, headers, agent: false });
    call.on("error", () => {}).end();
    const object = { kind: "exec", name: "e1" };
    expect(await told()).toEqual([{ ...here, method: "POST", route: path, object, status: 101 }]);
    call.destroy();
  });

  it("tells of a caller that went away before it was answered", async () => {
    let asked = false;
    const getService = (): Promise<never> => {
      asked = true;
      return new Promise(() => {});
    };
    api.backend.client = fakeControl({ getService });
    const call = request({ socketPath: api.socketPath, method: "DELETE", path: "/services/web", agent: false });
    call.on("error", () => {}).end();
    await expect.poll(() => asked).toBe(true);
    call.destroy();
    expect(await told()).toMatchObject([{ object: { kind: "service", name: "web" }, status: 0 }]);
  });
});
