import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import { UpdateServiceRequest_Rollback as Rollback } from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { ServiceSpec } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { TestApi } from "../api.test-kit.ts";
import { fakeControl } from "../fakes.test-kit.ts";
import { Cluster, service } from "./cluster.test-kit.ts";

const container = { Image: "busybox:latest" };
const body = { Name: "web", TaskTemplate: { ContainerSpec: container } };
const auth = (text: string) => ({ "X-Registry-Auth": text });

let api: TestApi;
let cluster: Cluster;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  cluster = new Cluster();
  api.backend.client = fakeControl(cluster.methods);
  api.engine.answers.clear();
});

const message = (text: string) => ({ message: text });

describe("POST /services/create", () => {
  it("answers 201 and the id, and passes credentials on", async () => {
    const answer = await api.call("POST", "/v1.41/services/create", body, auth("e30="));
    expect([answer.status, answer.json]).toEqual([201, { ID: "new1" }]);
    expect(cluster.created[0]).toMatchObject({
      annotations: { name: "web" },
      task: {
        runtime: { case: "container", value: { image: "busybox:latest", pullOptions: { registryAuth: "e30=" } } },
      },
      mode: { case: "replicated", value: { replicas: 1n } },
    });
  });

  it("looks networks up by name, id and prefix, where old clients put them too", async () => {
    const wanted = (Networks: unknown) => ({ ...body, TaskTemplate: { ...body.TaskTemplate, Networks } });
    await api.call(
      "POST",
      "/services/create",
      wanted([{ Target: "ov1", Aliases: ["db"] }, { Target: "host" }, { Target: "n3" }]),
    );
    await api.call("POST", "/services/create", { ...body, Name: "old", Networks: [{ Target: "n1ov" }] });
    expect(cluster.created.map(spec => spec.task?.networks.map(({ target }) => target))).toEqual([
      ["n1ov", "n2host", "n3br"],
      ["n1ov"],
    ]);
    expect(cluster.created[0]?.task?.networks[0]?.aliases).toEqual(["db"]);
  });

  it.each<[what: string, target: string, local: object | undefined, status: number, text: string]>([
    ["unknown", "nope", undefined, 500, "network nope not found"],
    ["of no name", "", undefined, 500, 'network "" not found'],
    [
      "of this engine only",
      "mine",
      { Name: "mine" },
      403,
      "The network mine cannot be used with services. Only networks scoped to the swarm can be used, such as those created with the overlay driver.",
    ],
    [
      "predefined but not in the swarm",
      "4f1e",
      { Name: "none" },
      404,
      "could not find the corresponding predefined swarm network: network none not found",
    ],
  ])("refuses a network that is %s", async (_, target, local, status, text) => {
    if (local) api.engine.answers.set(`/networks/${target}`, local);
    const wanted = { ...body, TaskTemplate: { ...body.TaskTemplate, Networks: [{ Target: target }] } };
    const answer = await api.call("POST", "/services/create", wanted);
    expect([answer.status, answer.json]).toEqual([status, message(text)]);
    expect(cluster.writes).toEqual([]);
  });

  it("takes the swarm's twin of a predefined network given by the engine's id", async () => {
    api.engine.answers.set("/networks/a3f0", { Name: "bridge" });
    const wanted = { ...body, TaskTemplate: { ...body.TaskTemplate, Networks: [{ Target: "a3f0" }] } };
    expect((await api.call("POST", "/services/create", wanted)).status).toBe(201);
    expect(cluster.created[0]?.task?.networks[0]?.target).toBe("n3br");
  });

  it("finds a name where none was given, another one where that is taken", async () => {
    const { Name: _, ...unnamed } = body;
    expect((await api.call("POST", "/services/create", unnamed)).status).toBe(201);
    const [first] = cluster.created;
    expect(first?.annotations?.name).toMatch(/^[a-z]+_[a-z]+$/);
    let refusals = 0;
    api.backend.client = fakeControl({
      ...cluster.methods,
      createService: request => {
        if (refusals++ < 3) throw new Fault("already_exists", "taken");
        return cluster.methods.createService!(request);
      },
    });
    expect((await api.call("POST", "/services/create", unnamed)).status).toBe(201);
    expect(refusals).toBe(4);
  });

  it("gives up on names after some", async () => {
    const taken = () => Promise.reject(new Fault("already_exists", "taken"));
    api.backend.client = fakeControl({ ...cluster.methods, createService: taken });
    const answer = await api.call("POST", "/services/create", { TaskTemplate: body.TaskTemplate });
    expect([answer.status, answer.json]).toEqual([409, message("rpc error: code = AlreadyExists desc = taken")]);
  });

  it("says with Docker's words that a name is taken", async () => {
    await api.call("POST", "/services/create", body);
    const answer = await api.call("POST", "/services/create", body);
    const text =
      "rpc error: code = AlreadyExists desc = name conflicts with an existing object: service web already exists";
    expect([answer.status, answer.json]).toEqual([409, message(text)]);
  });

  it("passes over what came after the client's version", async () => {
    const newer = { ...body, TaskTemplate: { ContainerSpec: { ...container, OomScoreAdj: 5, Sysctls: { a: "b" } } } };
    await api.call("POST", "/v1.41/services/create", newer);
    await api.call("POST", "/v1.46/services/create", { ...newer, Name: "new" });
    const containers = cluster.created.map(spec => spec.task?.runtime.value);
    expect(containers).toMatchObject([
      { oomScoreAdj: 0n, sysctls: { a: "b" } },
      { oomScoreAdj: 5n, sysctls: { a: "b" } },
    ]);
  });

  it.each<[status: number, text: string, body: unknown]>([
    [400, "got EOF while reading request body", ""],
    [400, "unexpected EOF", "{"],
    [400, "mismatched Runtime and *Spec fields", { Name: "q" }],
    [400, "must specify only one service mode", { ...body, Mode: { Replicated: {}, Global: {} } }],
    [400, "json: cannot unmarshal array into Go struct field body of type struct", []],
    [400, "json: cannot unmarshal number 5 into Go struct field Name of type string", { ...body, Name: 5 }],
  ])("answers %d %s", async (status, text, sent) => {
    const answer = await api.call("POST", "/services/create", sent);
    expect([answer.status, answer.json]).toEqual([status, message(text)]);
    expect(cluster.writes).toEqual([]);
  });
});

describe("POST /services/{id}/update", () => {
  it("answers 200 and no warnings, and keeps the credentials it has", async () => {
    cluster.services = [service("s1", "web", { auth: "old", previousAuth: "older" })];
    const sent = async (query: string, headers: Record<string, string> = {}) => {
      const answer = await api.call("POST", `/services/web/update?version=5${query}`, body, headers);
      expect([answer.status, answer.json]).toEqual([200, { Warnings: null }]);
    };
    await sent("");
    await sent("&registryAuthFrom=spec");
    await sent("&registryAuthFrom=previous-spec&rollback=previous");
    await sent("&rollback=none", auth("new"));
    const shown = cluster.writes.map(({ request }) => {
      const { serviceId, rollback, spec } = request as { serviceId: string; rollback: Rollback; spec: ServiceSpec };
      const runtime = spec.task?.runtime;
      return [serviceId, rollback, runtime?.case === "container" && runtime.value.pullOptions?.registryAuth];
    });
    expect(shown).toEqual([
      ["s1", Rollback.NONE, "old"],
      ["s1", Rollback.NONE, "old"],
      ["s1", Rollback.PREVIOUS, "older"],
      ["s1", Rollback.NONE, "new"],
    ]);
  });

  it.each<[status: number, text: string, path: string]>([
    [400, `invalid service version '': strconv.ParseUint: parsing "": invalid syntax`, "/services/web/update"],
    [
      400,
      `invalid service version 'abc': strconv.ParseUint: parsing "abc": invalid syntax`,
      "/services/web/update?version=abc",
    ],
    [404, "service nope not found", "/services/nope/update?version=5"],
    [500, "rpc error: code = Unknown desc = update out of sequence", "/services/web/update?version=1"],
    [500, "unrecognized rollback option bogus", "/services/web/update?version=5&rollback=bogus"],
    [400, "invalid registryAuthFrom 'bogus'", "/services/web/update?version=5&registryAuthFrom=bogus"],
    [400, "service does not have a previous spec", "/services/web/update?version=5&registryAuthFrom=previous-spec"],
  ])("answers %d %s", async (status, text, path) => {
    cluster.services = [service("s1", "web")];
    const answer = await api.call("POST", path, body);
    expect([answer.status, answer.json]).toEqual([status, message(text)]);
  });
});

describe("GET /services", () => {
  const filtered = (filters: unknown) => `/services?filters=${encodeURIComponent(JSON.stringify(filters))}`;

  it("asks the cluster for what the filters say, in both spellings", async () => {
    await api.call("GET", filtered({ name: { we: true }, label: { "a=b": true, c: true } }));
    await api.call("GET", filtered({ id: ["s1"], runtime: ["plugin"] }));
    expect(cluster.listed).toMatchObject([
      { namePrefixes: ["we"], labels: { a: "b", c: "" }, runtimes: ["container"] },
      { idPrefixes: ["s1"], runtimes: ["plugin"] },
    ]);
  });

  it("filters by mode itself; a mode nobody knows has no services", async () => {
    const modes = { r: { Replicated: {} }, g: { Global: {} }, rj: { ReplicatedJob: {} }, gj: { GlobalJob: {} } };
    cluster.services = Object.entries(modes).map(([id, mode]) => service(id, id, { mode }));
    const ids = async (mode: string) => {
      const { json } = await api.call("GET", filtered({ mode: [mode] }));
      return (json as { ID: string }[]).map(({ ID }) => ID);
    };
    expect(await ids("replicated")).toEqual(["r"]);
    expect(await ids("global")).toEqual(["g"]);
    expect(await ids("replicated-job")).toEqual(["rj"]);
    expect(await ids("global-job")).toEqual(["gj"]);
    expect(await ids("bogus")).toEqual([]);
  });

  it("counts tasks when asked, from API 1.41 on", async () => {
    cluster.services = [service("s1", "web")];
    const status = async (path: string) => ((await api.call("GET", path)).json as { ServiceStatus?: unknown }[])[0];
    expect(await status("/v1.41/services?status=true")).toMatchObject({
      ServiceStatus: { RunningTasks: 1, DesiredTasks: 2, CompletedTasks: 0 },
    });
    expect(await status("/v1.41/services")).not.toHaveProperty("ServiceStatus");
    expect(await status("/v1.40/services?status=true")).not.toHaveProperty("ServiceStatus");
  });

  it.each([
    [filtered({ bogus: ["x"] }), "Invalid filter 'bogus'"],
    ["/services?filters=notjson", "invalid character 'o' in literal null (expecting 'u')"],
    ["/services?status=maybe", `invalid value for status: maybe: strconv.ParseBool: parsing "maybe": invalid syntax`],
    [
      "/services/s1?insertDefaults=maybe",
      `invalid value for insertDefaults: maybe: strconv.ParseBool: parsing "maybe": invalid syntax`,
    ],
  ])("GET %s is a 400", async (path, text) => {
    const answer = await api.call("GET", path);
    expect([answer.status, answer.json]).toEqual([400, message(text)]);
  });
});

describe("a service by reference", () => {
  it("is found by id, name and id prefix; never by a prefix of its name", async () => {
    cluster.services = [service("s1abc", "web"), service("s2abc", "ping")];
    for (const reference of ["s1abc", "web", "s1"]) {
      const { status, json } = await api.call("GET", `/services/${reference}?insertDefaults=true`);
      expect([status, (json as { ID: string }).ID]).toEqual([200, "s1abc"]);
    }
    expect(cluster.listed.filter(asked => (asked as { insertDefaults?: boolean }).insertDefaults)).toHaveLength(3);
    expect((await api.call("GET", "/services/we")).json).toEqual(message("service we not found"));
    const ambiguous = await api.call("GET", "/services/s");
    expect([ambiguous.status, ambiguous.json]).toEqual([400, message("service s is ambiguous (2 matches found)")]);
  });

  it("is removed with 200 and no body; nothing at all is not taken for the only one there is", async () => {
    cluster.services = [service("s1", "web")];
    expect((await api.call("DELETE", "/services/")).status).toBe(404);
    expect(cluster.writes).toEqual([]);
    const answer = await api.call("DELETE", "/services/web");
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(cluster.writes).toMatchObject([{ what: "remove", request: { serviceId: "s1" } }]);
  });
});
