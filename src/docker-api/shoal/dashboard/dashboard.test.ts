import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Cluster } from "../../../model/objects.ts";
import { ClusterSchema } from "../../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { RootCASchema } from "../../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { TestApi } from "../../api.test-kit.ts";
import { FakeBackend, inactive } from "../../fakes.test-kit.ts";
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

const spec = { annotations: { name: "default" } };

/** The swarm that the backend knows has this join token for managers from now on. */
async function knows({ store }: FakeBackend, manager: string): Promise<void> {
  await store.update(tx => {
    const known = tx.cluster.get("c");
    const rootCa = create(RootCASchema, { joinTokens: { manager } });
    if (known) tx.cluster.update({ ...known, rootCa });
    else tx.cluster.create(create(ClusterSchema, { id: "c", meta: { version: {} }, spec, rootCa }) as Cluster);
  });
}

describe("the swarm's dashboard tokens", () => {
  const clock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel: () => {} }) };
  let backend: FakeBackend;
  let passes: DashboardPasses;
  beforeEach(async () => {
    backend = new FakeBackend();
    await knows(backend, "one");
    passes = new DashboardPasses(backend, clock);
  });

  it("are taken without asking a leader", () => expect(passes.check(passes.give(pass))).toEqual(pass));

  it("end when the managers' join token is rotated", async () => {
    const given = passes.give(pass);
    await knows(backend, "two");
    expect(passes.check(given)).toBeUndefined();
  });

  it("are not taken by a node that has left", () => {
    const given = passes.give(pass);
    backend.current = inactive;
    expect(() => passes.check(given)).toThrow("This node is not a swarm manager.");
  });

  it("are not taken by a manager that does not know the swarm yet", () => {
    const empty = new DashboardPasses(new FakeBackend(), clock);
    expect(() => empty.check("")).toThrow("does not know the swarm yet");
  });
});

describe("POST /shoal/dashboard/tokens", () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await TestApi.start();
    await knows(api.backend, "one");
  });
  afterEach(() => api[Symbol.asyncDispose]());

  it("gives a token, for eight hours unless it says otherwise", async () => {
    const answer = await api.call("POST", "/shoal/dashboard/tokens", { Name: "ada", ReadOnly: true });
    expect(answer.status).toBe(201);
    const { Token, ExpiresAt } = answer.json as { Token: string; ExpiresAt: string };
    expect(Date.parse(ExpiresAt) - Date.now()).toBeGreaterThan(7.9 * hourMs);
    const given = api.api.passes.check(Token);
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
