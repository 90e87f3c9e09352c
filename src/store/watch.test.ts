import { describe, expect, it } from "vitest";
import { sampleConfig, sampleService, sampleTask } from "../sim/samples.ts";
import { newSimStore, type SimStore } from "../sim/store.ts";
import type { StoreEvent } from "./tx.ts";

const add = (store: SimStore, id: string) => store.update(tx => tx.task.create(sampleTask(id)));

async function take(watch: AsyncIterable<readonly StoreEvent[]>, count: number): Promise<string[]> {
  const seen: string[] = [];
  for await (const events of watch) {
    seen.push(...events.map(({ action, object }) => `${action} ${object.id}`));
    if (seen.length >= count) break;
  }
  return seen;
}

describe("a watch", () => {
  it("begins when it is asked for, not when it is read", async () => {
    const store = newSimStore();
    await add(store, "a");
    const watch = store.watch({ signal: new AbortController().signal });
    await add(store, "b");
    await store.update(tx => tx.task.remove("a"));
    expect(await take(watch, 2)).toEqual(["create b", "remove a"]);
  });

  it("gives a reader all at once that has come meanwhile", async () => {
    const store = newSimStore();
    const watch = store.watch({ signal: new AbortController().signal });
    for (const id of ["a", "b", "c"]) await add(store, id);
    expect((await watch.next()).value).toMatchObject(["a", "b", "c"].map(id => ({ object: { id } })));
    const waiting = watch.next();
    await add(store, "d");
    expect((await waiting).value).toMatchObject([{ object: { id: "d" } }]);
  });

  it("wakes a reader that waits", async () => {
    const store = newSimStore();
    const next = take(store.watch({ signal: new AbortController().signal }), 1);
    await add(store, "a");
    expect(await next).toEqual(["create a"]);
  });

  it("passes over what the filter does not want, without counting it", async () => {
    const store = newSimStore();
    const filter = (event: StoreEvent) => event.kind === "service";
    const watch = store.watch({ filter, capacity: 1, signal: new AbortController().signal });
    for (const id of ["a", "b", "c"]) await add(store, id);
    await store.update(tx => tx.service.create(sampleService("s")));
    expect(await take(watch, 1)).toEqual(["create s"]);
  });

  it("ends with resource_exhausted when its reader is too slow, once", async () => {
    const store = newSimStore();
    const watch = store.watch({ capacity: 2, signal: new AbortController().signal });
    for (const id of ["a", "b", "c"]) await add(store, id);
    await expect(watch.next()).rejects.toMatchObject({ code: "resource_exhausted" });
    expect(await watch.next()).toEqual({ done: true, value: undefined });
  });

  it("ends when its signal aborts, also while it is waited for", async () => {
    const store = newSimStore();
    const stop = new AbortController();
    const waiting = take(store.watch({ signal: stop.signal }), 1);
    const full = store.watch({ signal: stop.signal });
    stop.abort();
    expect(await waiting).toEqual([]);
    await add(store, "a");
    expect(await take(full, 1)).toEqual([]);
    expect(await take(store.watch({ signal: stop.signal }), 1)).toEqual([]);
  });

  it("ends with aborted when a snapshot replaces the state", async () => {
    const store = newSimStore();
    const watch = store.watch({ signal: new AbortController().signal });
    let told = 0;
    store.onRestore(() => told++);
    store.restore(newSimStore().snapshot(), 7n);
    await expect(watch.next()).rejects.toMatchObject({ code: "aborted" });
    expect(told).toBe(1);
  });

  it("tells listeners of the kinds that they ask for", async () => {
    const store = newSimStore();
    const told: string[][] = [];
    store.onCommit(events => told.push(events.map(event => event.object.id)), ["service", "config"]);
    await add(store, "a");
    await store.update(tx => tx.service.create(sampleService("b")));
    await store.update(tx => {
      tx.service.create(sampleService("c", "c"));
      tx.task.create(sampleTask("d"));
      tx.config.create(sampleConfig("e", "e"));
    });
    expect(told).toEqual([["b"], ["c", "e"]]);
  });

  it("lets listeners go", async () => {
    const store = newSimStore();
    const seen: StoreEvent[] = [];
    const stop = store.onCommit(events => seen.push(...events));
    await add(store, "a");
    stop();
    await add(store, "b");
    expect(seen.map(event => event.object.id)).toEqual(["a"]);
  });
});
