import { beforeEach, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { NodeListeners } from "./node-listeners.ts";

let listeners: NodeListeners<string>;
let gone: AbortController;
let left: string[];

const listen = (nodeId: string, ...first: string[]) =>
  listeners.listen(nodeId, gone.signal, { first, left: () => left.push(nodeId) });

beforeEach(() => {
  listeners = new NodeListeners(2);
  gone = new AbortController();
  left = [];
});

it("tells a node what there is at first, then what comes", async () => {
  const stream = listen("n1", "first");
  expect((await stream.next()).value).toBe("first");
  expect([listeners.tell("n1", "second"), listeners.tell("n2", "second")]).toEqual([true, false]);
  expect((await stream.next()).value).toBe("second");
  gone.abort();
  expect((await stream.next()).done).toBe(true);
  expect([left, listeners.has("n1")]).toEqual([["n1"], false]);
});

it("has of each node the stream that came last", async () => {
  const [before, after] = [listen("n1", "a"), listen("n1", "b")];
  await before.next();
  await after.next();
  await expect(before.next()).rejects.toMatchObject({ code: "aborted" });
  expect([left, listeners.tell("n1", "c")]).toEqual([[], true]);
  expect((await after.next()).value).toBe("c");
});

it("ends the stream of a node that falls behind", async () => {
  const stream = listen("n1", "first");
  await stream.next();
  expect(["a", "b", "c"].map(message => listeners.tell("n1", message))).toEqual([true, true, false]);
  expect([(await stream.next()).value, (await stream.next()).value]).toEqual(["a", "b"]);
  await expect(stream.next()).rejects.toMatchObject({ code: "resource_exhausted" });
  expect(left).toEqual(["n1"]);
});

it("ends them all when it stops", async () => {
  const streams = [listen("n1", "a"), listen("n2", "a")];
  for (const stream of streams) await stream.next();
  listeners.stop(new Fault("unavailable", "stopped"));
  for (const stream of streams) await expect(stream.next()).rejects.toMatchObject({ code: "unavailable" });
});
