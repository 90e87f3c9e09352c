import type { IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../../../lib/fault.ts";
import { sampleConfig, sampleService, sampleTask } from "../../../sim/samples.ts";
import { newSimStore } from "../../../sim/store.ts";
import type { StoreEvent } from "../../../store/tx.ts";
import { TestApi } from "../../api.test-kit.ts";
import { inactive, managing } from "../../fakes.test-kit.ts";
import type { LiveChange } from "./changes.ts";

const service = sampleService("s1", "web");
const task = sampleTask("t1", service);
const config = sampleConfig("c1", "motd", Buffer.from("hello"));

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
  await api.backend.store.update(tx => {
    tx.config.create(config);
    tx.service.create(service);
    tx.task.create(task);
  });
});
afterEach(() => api[Symbol.asyncDispose]());

interface Told {
  readonly event: string;
  readonly data: unknown;
}

/** Events of the stream as they come. */
async function* events(response: IncomingMessage): AsyncGenerator<Told, void> {
  let rest = "";
  for await (const chunk of response) {
    rest += String(chunk);
    const whole = rest.split("\n\n");
    rest = whole.pop() ?? "";
    for (const block of whole) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      if (event && data) yield { event, data: JSON.parse(data) as unknown };
    }
  }
}

async function opened() {
  const response = await api.open("GET", "/shoal/live");
  const stream = events(response);
  const next = async (): Promise<Told> => (await stream.next()).value as Told;
  return { response, next };
}

const version = 7n;
const updated = (id: string, version: bigint): StoreEvent => {
  const object = { ...task, id };
  return { kind: "task", action: "update", version, object, old: object };
};

describe("GET /shoal/live", () => {
  it("tells everything there is, then what changes, the last of each object alone", async () => {
    const { response, next } = await opened();
    expect(response.headers["content-type"]).toBe("text/event-stream");
    expect(await next()).toMatchObject({ event: "objects", data: [{ Kind: "config", ID: "c1" }] });
    expect(await next()).toMatchObject({ event: "objects", data: [{ Kind: "service", Object: { ID: "s1" } }] });
    const expected = { Kind: "task", ID: "t1", Object: { ServiceID: "s1", State: "new", Image: "shoal/whoami" } };
    expect(await next()).toMatchObject({ event: "objects", data: [expected] });
    expect(await next()).toMatchObject({ event: "objects", data: [{ Kind: "quorum", Object: { Members: [] } }] });
    expect(await next()).toEqual({ event: "ready", data: { Node: managing.nodeId } });
    await api.backend.committed.send(updated("t1", 5n));
    await api.backend.committed.send(updated("t2", 6n));
    await api.backend.committed.send({ kind: "task", action: "remove", version, object: task });
    const { event, data } = await next();
    expect(event).toBe("changes");
    expect(data).toMatchObject([
      { Kind: "task", ID: "t1", Version: 7 },
      { Kind: "task", ID: "t2", Version: 6, Object: { ServiceID: "s1" } },
    ]);
    expect((data as object[])[0]).not.toHaveProperty("Object");
    response.destroy();
  });

  it("tells no config's data", async () => {
    const { response, next } = await opened();
    expect(JSON.stringify(await next())).not.toContain(Buffer.from("hello").toString("base64"));
    response.destroy();
  });

  it("tells who leads and who can be reached, whenever that changes", async () => {
    const { response, next } = await opened();
    while ((await next()).event !== "ready");
    const member = { raftId: 7n, nodeId: "n1", address: "10.0.0.1:2377", isVoter: true, isReachable: true };
    for (const isLeader of [true, false]) {
      api.backend.quorum = [{ ...member, isLeader }];
      const Members = [{ NodeID: "n1", Addr: "10.0.0.1:2377", Leader: isLeader, Reachable: true }];
      expect(await next()).toMatchObject({
        event: "changes",
        data: [{ Kind: "quorum", Object: { Members, Term: 7 } }],
      });
    }
    response.destroy();
  });

  it.each([
    ["changes were lost", () => api.backend.committed.close(new Fault("resource_exhausted", "too slow"))],
    ["the node has left the swarm", () => void api.backend.committed.send(updated("t1", 5n))],
  ])("ends when %s", async (what, happen) => {
    const { next } = await opened();
    while ((await next()).event !== "ready");
    if (what.includes("left")) api.backend.current = inactive;
    happen();
    expect(await next().catch(() => undefined)).toBeUndefined();
  });

  it("ends when a snapshot takes the place of what a manager missed, and tells all that it brought to who asks again", async () => {
    const { store } = api.backend;
    api.backend.changes = signal => store.watch({ signal });
    const { next } = await opened();
    while ((await next()).event !== "ready");
    const ahead = newSimStore();
    await ahead.update(tx => {
      tx.service.create(sampleService("s2", "came"));
      tx.service.create(sampleService("s1", "renamed"));
      tx.task.create(sampleTask("t2", service));
    });
    store.restore(ahead.snapshot(), 9n);
    expect(await next().catch(() => undefined)).toBeUndefined();
    const again = await opened();
    const told: LiveChange[] = [];
    for (let news = await again.next(); news.event !== "ready"; news = await again.next())
      told.push(...(news.data as LiveChange[]));
    const names = told.map(({ ID, Object: shown }) => `${ID} ${(shown?.Spec as { Name?: string } | undefined)?.Name}`);
    expect(names.sort()).toEqual(["quorum undefined", "s1 renamed", "s2 came", "t2 undefined"]);
    await store.update(tx => tx.task.remove("t2"));
    expect(await again.next()).toMatchObject({ event: "changes", data: [{ Kind: "task", ID: "t2" }] });
    again.response.destroy();
  });

  it("is refused where there is no manager", async () => {
    api.backend.current = inactive;
    expect((await api.call("GET", "/shoal/live")).status).toBe(503);
  });
});
