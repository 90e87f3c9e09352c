import { expect, it } from "vitest";
import { parseSpan } from "./span.ts";

it.each<[string, number | undefined]>([
  ["0", 0],
  ["0s", 0],
  ["250ms", 250],
  ["90s", 90_000],
  ["1.5h", 5_400_000],
  ["1h30m", 5_400_000],
  ["1m1s1ms", 61_001],
  ["", undefined],
  ["10", undefined],
  ["s", undefined],
  ["-1s", undefined],
  ["1d", undefined],
  ["1s ", undefined],
  ["1s1", undefined],
])("reads %j as %s ms", (text, ms) => {
  expect(parseSpan(text)).toBe(ms);
});
