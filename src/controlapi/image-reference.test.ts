import { describe, expect, it } from "vitest";
import { isImageReference, isProgramDirectory } from "./image-reference.ts";

const sha256 = "a".repeat(64);

describe("isImageReference", () => {
  it.each([
    "busybox",
    "busybox:latest",
    "busybox:1.36-musl_x.Y",
    "library/busybox",
    "a/b/c/d",
    "a__b/c-d/e---f.g",
    "registry:5000/busybox:frozen",
    "localhost/x",
    "Example.COM/x",
    "127.0.0.1:5000/x",
    "[2001:db8::1]:5000/x",
    `busybox@sha256:${sha256}`,
    `registry.example:5000/a/b:tag@sha256:${sha256}`,
    `x@sha512:${"0".repeat(128)}`,
    "shoal/whoami",
    "a".repeat(237),
  ])("takes %s", text => {
    expect(isImageReference(text)).toBe(true);
  });

  it.each([
    "",
    " ",
    "INVALID/IMG:::",
    "Busybox",
    "a/B",
    "busybox:",
    "busybox:-x",
    `busybox:${"t".repeat(129)}`,
    "busybox@",
    "busybox@sha256:abc",
    `busybox@sha256:${sha256.toUpperCase()}`,
    `busybox@md5:${"a".repeat(32)}`,
    sha256,
    "/x",
    "x/",
    "a//b",
    "a___b",
    "-a",
    "a-",
    "a b",
    "a\n",
    "registry:port/x",
    "a".repeat(238),
    "é",
  ])("refuses %j", text => {
    expect(isImageReference(text)).toBe(false);
  });

  it("is quick about the worst that is long enough", () => {
    const start = performance.now();
    for (const text of ["a-".repeat(250), "a.".repeat(255), "A".repeat(500), `${"a/".repeat(250)}!`])
      isImageReference(text);
    expect(performance.now() - start).toBeLessThan(200);
  });
});

describe("isProgramDirectory", () => {
  it.each<[string, boolean]>([
    ["dir:/srv/app", true],
    ["dir:/", true],
    ["dir:srv/app", false],
    ["dir:/a\0b", false],
    ["/srv/app", false],
    [`dir:/${"a".repeat(5000)}`, false],
  ])("%j: %s", (text, expected) => {
    expect(isProgramDirectory(text)).toBe(expected);
  });
});
