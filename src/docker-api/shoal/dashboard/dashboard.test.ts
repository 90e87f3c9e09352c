import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../../../lib/fault.ts";
import { ListClustersResponseSchema } from "../../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { TestApi } from "../../api.test-kit.ts";
import { FakeBackend, fakeControl, inactive } from "../../fakes.test-kit.ts";
import { DashboardPasses } from "./passes.ts";
import { dashboardKey, makeToken, readToken } from "./token.ts";

const hourMs = 3_600_000;
const key = dashboardKey("cluster", "SWMTKN-1-x");
const pass = { name: "ada", role: "reader", expiresMs: hourMs } as const;
const token = makeToken(pass, key);
const [kind = "", content = "", signature = ""] = token.split(".");
const promoted = Buffer.from(JSON.stringify({ ...pass, role: "operator" })).toString("base64url");

describe("a dashboard token", () => {
  it("says what it was made with", () => expect(readToken(token, key, 0)).toEqual(pass));

  it.each([
    ["that is over", token, key, hourMs],
    ["of another swarm", token, dashboardKey("other", "SWMTKN-1-x"), 0],
    ["from before the join token was rotated", token, dashboardKey("cluster", "SWMTKN-1-y"), 0],
    ["with other content", `${kind}.${promoted}.${signature}`, key, 0],
    ["without signature", `${kind}.${content}.`, key, 0],
    ["with too many parts", `${token}.x`, key, 0],
    ["of another kind", token.replace(kind, "x"), key, 0],
    ["that is none", "", key, 0],
    ["that is far too long", "x".repeat(100_000), key, 0],
  ])("%s is refused", (_what, text, by, now) => expect(readToken(text, by, now)).toBeUndefined());
});

const withToken = (manager: string) =>
  fakeControl({
    listClusters: async () =>
      create(ListClustersResponseSchema, { clusters: [{ id: "c", rootCa: { joinTokens: { manager } } }] }),
  });

describe("the swarm's dashboard tokens", () => {
  let nowMs = 0;
  const clock = { now: () => nowMs, monotonic: () => nowMs, after: () => ({ cancel: () => {} }) };
  const laterMs = 10_000;
  let backend: FakeBackend;
  let passes: DashboardPasses;
  beforeEach(() => {
    nowMs = 0;
    backend = new FakeBackend();
    backend.client = withToken("one");
    passes = new DashboardPasses(backend, clock);
  });

  it("end when the managers' join token is rotated", async () => {
    const given = await passes.give(pass);
    backend.client = withToken("two");
    nowMs += laterMs;
    expect(await passes.check(given)).toBeUndefined();
  });

  it("are still taken while the swarm has no leader", async () => {
    const given = await passes.give(pass);
    const listClusters = () => Promise.reject(new Fault("unavailable", "no leader"));
    backend.client = fakeControl({ listClusters });
    nowMs += laterMs;
    expect(await passes.check(given)).toEqual(pass);
    await expect(new DashboardPasses(backend, clock).check(given)).rejects.toThrow("no leader");
  });

  it("are not taken by a node that has left", async () => {
    const given = await passes.give(pass);
    backend.current = inactive;
    nowMs += laterMs;
    await expect(passes.check(given)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("POST /shoal/dashboard/tokens", () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await TestApi.start();
    api.backend.client = withToken("one");
  });
  afterEach(() => api[Symbol.asyncDispose]());

  it("gives a token, for eight hours unless it says otherwise", async () => {
    const answer = await api.call("POST", "/shoal/dashboard/tokens", { Name: "ada", ReadOnly: true });
    expect(answer.status).toBe(201);
    const { Token, ExpiresAt } = answer.json as { Token: string; ExpiresAt: string };
    expect(Date.parse(ExpiresAt) - Date.now()).toBeGreaterThan(7.9 * hourMs);
    const given = await api.api.passes.check(Token);
    expect(given).toEqual({ name: "ada", role: "reader", expiresMs: Date.parse(ExpiresAt) });
  });

  it.each([[{ Seconds: 0 }], [{ Seconds: 10 ** 9 }], [{ Name: "x".repeat(65) }]])("refuses %j", async body => {
    expect((await api.call("POST", "/shoal/dashboard/tokens", body)).status).toBe(400);
  });

  it("is refused where there is no manager", async () => {
    api.backend.current = inactive;
    expect((await api.call("POST", "/shoal/dashboard/tokens", {})).status).toBe(503);
  });
});
