import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "./address.ts";

describe("HOST:PORT", () => {
  it.each([
    ["127.0.0.1:2377", "127.0.0.1", 2377],
    ["manager-1.example:0", "manager-1.example", 0],
    ["[fd00::1]:65535", "fd00::1", 65535],
  ])("%s", (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port });
    expect(formatAddress(host, port)).toBe(text);
  });

  it.each(["", "host", "host:", ":1", "host:65536", "host:x", "fd00::1", "[fd00::1]", "a b:1", "[x]:1"])(
    "%j is none",
    text => {
      expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    },
  );
});
