import { describe, expect, it } from "vitest";
import { checkVersion, hasJsonErrors, isAtLeast, parseVersion, splitVersion } from "./versions.ts";

describe("API versions", () => {
  it.each([
    ["1.41", "1.41", true],
    ["1.9", "1.41", false],
    ["1.50", "1.41", true],
    ["2.0", "1.50", true],
    ["1", "1.0", true],
    ["1.41.1", "1.41", true],
    ["1.41", "1.41.1", false],
  ])("%s is at least %s: %s", (left, right, expected) => {
    expect(isAtLeast(parseVersion(left), right)).toBe(expected);
  });

  it.each([
    ["/v1.41/nodes", "1.41", "/nodes"],
    ["/nodes", "1.50", "/nodes"],
    ["/version", "1.50", "/version"],
    ["/v1.41", "1.50", "/v1.41"],
    ["/v1.x/nodes", "1.50", "/v1.x/nodes"],
    ["/v1.24/v1.25/nodes", "1.24", "/v1.25/nodes"],
  ])("splits %s", (path, version, rest) => {
    const split = splitVersion(path);
    expect([split.version.text, split.path]).toEqual([version, rest]);
  });

  it("speaks 1.24 to 1.50", () => {
    expect(() => checkVersion(parseVersion("1.24"))).not.toThrow();
    expect(() => checkVersion(parseVersion("1.50"))).not.toThrow();
    expect(() => checkVersion(parseVersion("1.51"))).toThrow(
      "client version 1.51 is too new. Maximum supported API version is 1.50",
    );
    expect(() => checkVersion(parseVersion("1.23"))).toThrow(
      "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    );
    expect(hasJsonErrors(parseVersion("1.23"))).toBe(false);
    expect(hasJsonErrors(parseVersion("1.24"))).toBe(true);
  });
});
