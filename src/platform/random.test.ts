import { expect, it } from "vitest";
import { systemRandom } from "./random.ts";

it("gives as many bytes as are asked for, never the same ones again, and leaves those that it gave alone", () => {
  const given = Array.from({ length: 3_000 }, (_, at) => systemRandom.bytes(8 + (at % 20)));
  const texts = given.map(bytes => Buffer.from(bytes).toString("hex"));
  expect(texts.map(text => text.length / 2)).toEqual(given.map((_, at) => 8 + (at % 20)));
  expect(new Set(texts).size).toBe(given.length);
  for (let at = 0; at < 3_000; at++) systemRandom.bytes(16);
  expect(given.map(bytes => Buffer.from(bytes).toString("hex"))).toEqual(texts);
});

it("gives numbers from 0 to 1, all over", () => {
  const numbers = Array.from({ length: 2_000 }, () => systemRandom.float());
  expect(numbers.every(number => number >= 0 && number < 1)).toBe(true);
  // By chance each of these fails once in 10^60 runs.
  expect(Math.min(...numbers)).toBeLessThan(0.07);
  expect(Math.max(...numbers)).toBeGreaterThan(0.93);
});
