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
