import { describe, expect, it } from "vitest";
import { goFloat } from "./go-text.ts";

describe("goFloat", () => {
  it.each<[number, string]>([
    [1e-9, "1e-09"],
    [0.001, "0.001"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [0.000999999, "0.000999999"],
    [-1, "-1"],
    [-2.5, "-2.5"],
    [-100000, "-100000"],
    [-1000000, "-1e+06"],
    [-9.2e9, "-9.2e+09"],
    [1.5e-10, "1.5e-10"],
    [0, "0"],
  ])("%d is %s", (value, text) => {
    expect(goFloat(value)).toBe(text);
  });
});
