import { describe, expect, it } from "vitest";
import { usageRows } from "./usage.ts";

const mebibyte = 2 ** 20;
const series = (CPUs: readonly (number | null)[]) => ({
  CPUs,
  Memory: CPUs.map(each => each && each * 100 * mebibyte),
});
const places = new Map([
  ["a", { name: "web.10", node: "n1" }],
  ["b", { name: "web.2", node: "n2" }],
]);

describe("shoal service usage", () => {
  it("says what each task uses, and all of them, now and at most", () => {
    const usage = { Total: series([2, 0.5]), Tasks: { a: series([1.5, 0.25]), b: series([null, 0.25]) }, LeftOut: 0 };
    expect(usageRows(usage, places).map(row => Object.values(row))).toEqual([
      ["b", "web.2", "n2", "0.25", "25.0 MiB", "0.25", "25.0 MiB"],
      ["a", "web.10", "n1", "0.25", "25.0 MiB", "1.50", "150.0 MiB"],
      ["", "all", "", "0.50", "50.0 MiB", "2.00", "200.0 MiB"],
    ]);
  });

  it.each([
    ["a sample that is late", [1, 2, null], ["2.00", "2.00"]],
    ["what has stopped", [3, null, null, null], ["not known", "3.00"]],
    ["what was never measured", [], ["not known", "not known"]],
  ])("knows %s", (_, cpus, [now, most]) => {
    const [all] = usageRows({ Total: series(cpus), Tasks: {}, LeftOut: 0 }, places);
    expect([all?.CPU, all?.MostCPU]).toEqual([now, most]);
  });

  it("says how many tasks are in the sum alone", () => {
    const rows = usageRows({ Total: series([1]), Tasks: { gone: series([1]) }, LeftOut: 7 }, places);
    expect(rows.map(({ Name }) => Name)).toEqual(["gone", "all, and 7 more"]);
  });
});
