import { describe, expect, it } from "vitest";
import { readOptions } from "./options.ts";

describe("npm start's flags", () => {
  it("has defaults", () => {
    expect(readOptions([])).toEqual({ workers: 4, runtime: "embedded", smoke: false, keep: false });
  });

  it("reads them", () => {
    const options = readOptions(["--smoke", "--workers", "2", "--runtime=docker", "--keep"]);
    expect(options).toEqual({ workers: 2, runtime: "docker", smoke: true, keep: true });
  });

  it.each([[["--workers", "many"]], [["--workers", "1000"]], [["--runtime", "lxc"]], [["--bogus"]], [["word"]]])(
    "refuses %j",
    argv => expect(readOptions(argv)).toHaveProperty("problem"),
  );
});
