import { describe, expect, it } from "vitest";
import { readOptions } from "./options.ts";

describe("npm start's flags", () => {
  it("has defaults", () => {
    expect(readOptions([])).toEqual({ managers: 3, workers: 2, runtime: "embedded", smoke: false, keep: false });
  });

  it("reads them", () => {
    const options = readOptions(["--smoke", "--managers", "1", "--workers", "4", "--runtime=docker", "--keep"]);
    expect(options).toEqual({ managers: 1, workers: 4, runtime: "docker", smoke: true, keep: true });
  });

  it.each([
    [["--workers", "many"]],
    [["--workers", "1000"]],
    [["--managers", "0"]],
    [["--runtime", "lxc"]],
    [["--bogus"]],
    [["word"]],
  ])("refuses %j", argv => expect(readOptions(argv)).toHaveProperty("problem"));
});
