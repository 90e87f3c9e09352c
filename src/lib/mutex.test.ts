import { expect, it } from "vitest";
import { Mutex } from "./mutex.ts";

it("runs sections one after the other, also past a failure", async () => {
  const mutex = new Mutex();
  const seen: string[] = [];
  const section = (name: string, fails = false) =>
    mutex.run(async () => {
      seen.push(`${name} in`);
      await Promise.resolve();
      seen.push(`${name} out`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([section("a"), section("b", true), section("c")]);
  expect(seen).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"]);
  expect(results.map(result => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

it("begins at once what waits for nobody, and nothing that is asked for from within", async () => {
  const mutex = new Mutex();
  const seen: string[] = [];
  let inner: Promise<void> | undefined;
  const outer = mutex.run(async () => {
    inner = mutex.run(async () => void seen.push("inner"));
    await Promise.resolve();
    seen.push("outer");
  });
  seen.push("asked");
  await outer;
  await inner;
  expect(seen).toEqual(["asked", "outer", "inner"]);
  const third = mutex.run(async () => void seen.push("third"));
  seen.push("asked again");
  await third;
  expect(seen.slice(3)).toEqual(["third", "asked again"]);
});
