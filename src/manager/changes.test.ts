import { describe, expect, it } from "vitest";
import { sampleNode } from "../sim/samples.ts";
import { newSimStore } from "../sim/store.ts";
import { changesOf } from "./changes.ts";

describe("committed changes", () => {
  it("are told from the call on, and go on after a snapshot has replaced everything", async () => {
    const store = newSimStore();
    await store.update(tx => tx.node.create(sampleNode("before")));
    const ended = new AbortController();
    const changes = changesOf(store, ended.signal)[Symbol.asyncIterator]();
    await store.update(tx => tx.node.create(sampleNode("first")));
    expect((await changes.next()).value).toMatchObject({ action: "create", object: { id: "first" } });
    const next = changes.next();
    store.restore(store.snapshot(), store.version);
    await new Promise(resolve => setImmediate(resolve));
    await store.update(tx => tx.node.remove("before"));
    expect((await next).value).toMatchObject({ action: "remove", object: { id: "before" } });
    const last = changes.next();
    ended.abort();
    expect((await last).done).toBe(true);
  });
});
