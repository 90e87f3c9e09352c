import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toTimestamp } from "../../model/time.ts";
import { sampleNetwork, sampleService } from "../../sim/samples.ts";
import type { StoreEvent } from "../../store/tx.ts";
import { nextLines, TestApi } from "../api.test-kit.ts";
import { keptEvents } from "./feed.ts";
import { merge } from "./merge.ts";

const startMs = 1_795_263_246_000;

/** The creation of a network or service, `second` seconds after the start. */
function created(kind: "network" | "service", id: string, second: number): StoreEvent {
  const createdAt = toTimestamp(startMs + second * 1000);
  const network = sampleNetwork(id, id);
  const service = sampleService(id, id);
  return kind === "network"
    ? { kind, action: "create", version: 1n, object: { ...network, meta: { ...network.meta, createdAt } } }
    : { kind, action: "create", version: 1n, object: { ...service, meta: { ...service.meta, createdAt } } };
}

const ids = (lines: readonly unknown[]) => lines.map(line => (line as { Actor: { ID: string } }).Actor.ID);
const at = (second: number) => String(startMs / 1000 + second);
const fromEngine = (id: string, second: number) => ({
  Type: "container",
  Actor: { ID: id },
  scope: "local",
  timeNano: (startMs + second * 1000) * 1e6,
});

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api[Symbol.asyncDispose]());

/** Resolves when the server has taken in what was committed: it keeps it for `since`. */
async function keptAre(...expected: string[]): Promise<void> {
  await expect.poll(async () => ids(await past("since=0"))).toEqual(expected);
}

async function past(query: string): Promise<unknown[]> {
  api.engine.present = false;
  const { text } = await api.call("GET", `/events?${query}&until=${Math.floor(Date.now() / 1000)}`);
  api.engine.present = true;
  return text
    .split("\n")
    .filter(line => line !== "")
    .map(line => JSON.parse(line) as unknown);
}

describe("GET /events", () => {
  it("tells the engine's and the swarm's as they come, from now on", async () => {
    await api.backend.committed.send(created("network", "before", 0));
    await keptAre("before");
    const response = await api.open("GET", "/v1.41/events");
    expect([response.statusCode, response.headers["content-type"]]).toEqual([200, "application/json"]);
    api.engine.told.offer(fromEngine("c1", 1));
    expect(await nextLines(response, 1)).toEqual([fromEngine("c1", 1)]);
    await api.backend.committed.send(created("service", "web", 2));
    expect(ids(await nextLines(response, 1))).toEqual(["web"]);
    response.destroy();
  });

  it("tells kept ones since a time, then goes on", async () => {
    for (const [id, second] of [
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ] as const) {
      await api.backend.committed.send(created("network", id, second));
    }
    await keptAre("a", "b", "c");
    const response = await api.open("GET", `/events?since=${at(2)}`);
    expect(ids(await nextLines(response, 2))).toEqual(["b", "c"]);
    await api.backend.committed.send(created("network", "d", 4));
    expect(ids(await nextLines(response, 1))).toEqual(["d"]);
    response.destroy();
  });

  it("puts what is over in order and ends", async () => {
    await api.backend.committed.send(created("network", "a", 1));
    await api.backend.committed.send(created("network", "c", 3));
    await keptAre("a", "c");
    api.engine.told.offer(fromEngine("b", 2));
    api.engine.told.offer(fromEngine("d", 4));
    api.engine.told.close();
    const { text } = await api.call("GET", `/events?since=${at(0)}&until=${at(10)}`);
    expect(
      ids(
        text
          .trim()
          .split("\n")
          .map(line => JSON.parse(line)),
      ),
    ).toEqual(["a", "b", "c", "d"]);
  });

  it("ends when the time has come", async () => {
    api.engine.present = false;
    const response = await api.call("GET", `/events?until=${(Date.now() + 200) / 1000}`);
    expect([response.status, response.text]).toEqual([200, ""]);
  });

  it.each([
    [{ type: ["service"] }, ["web"]],
    [{ type: ["network", "service"] }, ["net", "web"]],
    [{ event: ["remove"] }, []],
    [{ event: ["create"] }, ["net", "web"]],
    [{ scope: ["local"] }, []],
    [{ scope: ["swarm"] }, ["net", "web"]],
    [{ service: ["we"] }, ["web"]],
    [{ network: { net: true } }, ["net"]],
    [{ label: ["name=net"] }, ["net"]],
  ])("filters by %j", async (filters, expected) => {
    await api.backend.committed.send(created("network", "net", 1));
    await api.backend.committed.send(created("service", "web", 2));
    await keptAre("net", "web");
    expect(ids(await past(`since=0&filters=${encodeURIComponent(JSON.stringify(filters))}`))).toEqual(expected);
  });

  it.each([
    ["since=yesterday", 'invalid value for since: "yesterday"'],
    ["since=5&until=4", "`since` time cannot be after `until` time"],
    ["filters=%7B%22x%22%3A%5B%5D%7D", "Invalid filter 'x'"],
  ])("refuses %s", async (query, message) => {
    const answer = await api.call("GET", `/events?${query}`);
    expect([answer.status, answer.json]).toEqual([400, { message }]);
  });

  it("keeps no more than its limit", async () => {
    for (let index = 0; index < keptEvents + 5; index++) {
      await api.backend.committed.send(created("network", `n${index}`, 1));
    }
    await expect.poll(async () => (await past("since=0")).length).toBe(keptEvents);
    expect(ids(await past("since=0"))[0]).toBe("n5");
  });

  it("cuts the stream when the engine's fails", async () => {
    const response = await api.open("GET", "/events");
    const cut = new Promise(resolve => response.once("error", resolve));
    const { Fault } = await import("../../lib/fault.ts");
    api.engine.told.close(new Fault("unavailable", "the engine went away"));
    response.resume();
    expect(await cut).toMatchObject({ code: "ECONNRESET" });
  });
});

describe("merge", () => {
  it("lets go of its sources when its reader does", async () => {
    let open = 0;
    async function* endless() {
      open++;
      try {
        for (let index = 0; ; index++) yield index;
      } finally {
        open--;
      }
    }
    for await (const item of merge([endless(), endless()])) if (item > 5) break;
    await expect.poll(() => open).toBe(0);
  });
});
