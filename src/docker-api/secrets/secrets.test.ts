import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import {
  CreateConfigResponseSchema,
  CreateSecretResponseSchema,
  GetConfigResponseSchema,
  GetSecretResponseSchema,
  ListConfigsResponseSchema,
  ListSecretsResponseSchema,
  RemoveConfigResponseSchema,
  RemoveSecretResponseSchema,
  UpdateConfigResponseSchema,
  UpdateSecretResponseSchema,
} from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { TestApi } from "../api.test-kit.ts";
import { type ControlMethods, fakeControl } from "../fakes.test-kit.ts";

let api: TestApi;
let asked: { what: string; request: unknown }[];

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());

/** Secrets and configs behave alike: one of each, "x1" called "known". */
beforeEach(() => {
  asked = [];
  const spec = { annotations: { name: "known", labels: { k: "v" } }, data: Buffer.from("conf=1\n") };
  const known = { id: "x1", meta: { version: { index: 5n } }, spec };
  const missing = () => Promise.reject(new Fault("not_found", "no such object"));
  const note = (what: string, request: unknown) => void asked.push({ what, request });
  const named = (names: readonly string[] | undefined) => (names?.includes("known") ? [known] : []);
  const looksUp = (filters: { names?: string[]; idPrefixes?: string[] } | undefined) =>
    (filters?.names?.length ?? 0) > 0 || (filters?.idPrefixes?.length ?? 0) > 0;
  const methods: ControlMethods = {
    getSecret: async ({ secretId }) =>
      secretId === "x1" ? create(GetSecretResponseSchema, { secret: known }) : missing(),
    getConfig: async ({ configId }) =>
      configId === "x1" ? create(GetConfigResponseSchema, { config: known }) : missing(),
    listSecrets: async request => {
      note("list", request.filters);
      const secrets = looksUp(request.filters) ? named(request.filters?.names) : [known];
      return create(ListSecretsResponseSchema, { secrets });
    },
    listConfigs: async request => {
      note("list", request.filters);
      const configs = looksUp(request.filters) ? named(request.filters?.names) : [known];
      return create(ListConfigsResponseSchema, { configs });
    },
    createSecret: async request => {
      note("create", request);
      return create(CreateSecretResponseSchema, { secret: { id: "x2" } });
    },
    createConfig: async request => {
      note("create", request);
      return create(CreateConfigResponseSchema, { config: { id: "x2" } });
    },
    updateSecret: async request => {
      note("update", request);
      return create(UpdateSecretResponseSchema);
    },
    updateConfig: async request => {
      note("update", request);
      return create(UpdateConfigResponseSchema);
    },
    removeSecret: async request => {
      note("remove", request);
      return create(RemoveSecretResponseSchema);
    },
    removeConfig: async request => {
      note("remove", request);
      return create(RemoveConfigResponseSchema);
    },
  };
  api.backend.client = fakeControl(methods);
});

const writes = () => asked.filter(({ what }) => what !== "list");

describe.each(["secret", "config"] as const)("a %s", kind => {
  const data = kind === "config" ? { Data: "Y29uZj0xCg==" } : {};
  const shown = {
    ID: "x1",
    Version: { Index: 5 },
    CreatedAt: "1970-01-01T00:00:00Z",
    UpdatedAt: "1970-01-01T00:00:00Z",
    Spec: { Name: "known", Labels: { k: "v" }, ...data },
  };

  it("is created with 201", async () => {
    const body = { Name: "new", Labels: { a: "b" }, Data: "Y29uZj0xCg==" };
    const answer = await api.call("POST", `/v1.41/${kind}s/create`, body);
    expect([answer.status, answer.json]).toEqual([201, { ID: "x2" }]);
    const spec = { annotations: { name: "new", labels: { a: "b" } }, data: new Uint8Array(Buffer.from("conf=1\n")) };
    expect(writes()).toMatchObject([{ what: "create", request: { spec } }]);
  });

  it("is shown, and listed, with its data only where that is public", async () => {
    expect((await api.call("GET", `/${kind}s/known`)).json).toEqual(shown);
    expect((await api.call("GET", `/${kind}s`)).json).toEqual([shown]);
    await api.call("GET", `/${kind}s?filters=${encodeURIComponent('{"name":{"kno":true},"label":{"k=v":true}}')}`);
    expect(asked.at(-1)?.request).toMatchObject({ namePrefixes: ["kno"], labels: { k: "v" } });
  });

  it("is updated with 200 and an empty body", async () => {
    const answer = await api.call("POST", `/${kind}s/known/update?version=5`, { Name: "known", Labels: {} });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(writes()).toMatchObject([
      { what: "update", request: { [`${kind}Id`]: "x1", [`${kind}Version`]: { index: 5n } } },
    ]);
  });

  it("is removed with 204", async () => {
    const answer = await api.call("DELETE", `/${kind}s/known`);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(writes()).toMatchObject([{ what: "remove", request: { [`${kind}Id`]: "x1" } }]);
  });

  it.each<[status: number, text: string, method: string, path: string, body?: unknown]>([
    [404, "KIND nope not found", "GET", "/KINDs/nope"],
    [404, "KIND nope not found", "DELETE", "/KINDs/nope"],
    [400, "invalid KIND version", "POST", "/KINDs/known/update", { Name: "known" }],
    [400, "illegal base64 data at input byte 3", "POST", "/KINDs/create", { Name: "q", Data: "not base64!" }],
    [
      400,
      "json: cannot unmarshal number 1 into Go struct field Data of type string",
      "POST",
      "/KINDs/create",
      { Name: "q", Data: 1 },
    ],
    [
      400,
      "KIND templating is not supported on the specified API version: 1.36",
      "POST",
      "/v1.36/KINDs/create",
      { Name: "q", Templating: { Name: "golang" } },
    ],
    [400, "Invalid filter 'bogus'", "GET", `/KINDs?filters=${encodeURIComponent('{"bogus":["x"]}')}`],
  ])("answers %d %s", async (status, text, method, path, body) => {
    const answer = await api.call(method, path.replace("KIND", kind), body);
    expect([answer.status, answer.json]).toEqual([status, { message: text.replace("KIND", kind) }]);
    expect(writes()).toEqual([]);
  });
});

describe("GET /secrets", () => {
  it("alone knows a filter for whole names", async () => {
    const query = `filters=${encodeURIComponent('{"names":["known"]}')}`;
    expect((await api.call("GET", `/secrets?${query}`)).json).toMatchObject([{ ID: "x1" }]);
    expect((await api.call("GET", `/configs?${query}`)).status).toBe(400);
  });
});
