import { describe, expect, it } from "vitest";
import { contains, parseCidr, parseIp } from "./ip.ts";

describe("parseIp", () => {
  it.each<[string, 4 | 6, bigint]>([
    ["10.0.0.1", 4, 0x0a000001n],
    ["255.255.255.255", 4, 0xffffffffn],
    ["::", 6, 0n],
    ["::1", 6, 1n],
    ["2001:db8::2", 6, 0x20010db8000000000000000000000002n],
    ["1:2:3:4:5:6:7:8", 6, 0x00010002000300040005000600070008n],
    ["1::8", 6, 0x00010000000000000000000000000008n],
    ["64:ff9b::10.0.0.1", 6, 0x0064ff9b0000000000000000_0a000001n],
    ["::ffff:10.0.0.1", 4, 0x0a000001n],
  ])("reads %s", (text, family, value) => {
    expect(parseIp(text)).toEqual({ family, value });
  });

  it.each([
    "",
    "10.0.0",
    "10.0.0.256",
    "10.0.0.01",
    "a.b.c.d",
    "1:2",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    "::1%lo",
    "1:2:3:4:5:6:7::8:9",
    "::12345",
    "10.0.0.1:80",
  ])("refuses %j", text => {
    expect(parseIp(text)).toBeUndefined();
  });
});

describe("parseCidr", () => {
  it.each<[string, string, boolean]>([
    ["10.0.0.0/24", "10.0.0.255", true],
    ["10.0.0.77/24", "10.0.0.1", true],
    ["10.0.0.0/24", "10.0.1.0", false],
    ["0.0.0.0/0", "8.8.8.8", true],
    ["10.0.0.1/32", "10.0.0.1", true],
    ["2001:db8::/32", "2001:db8:1::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["::/0", "10.0.0.1", false],
  ])("%s holds %s: %s", (network, ip, expected) => {
    expect(contains(parseCidr(network)!, parseIp(ip)!)).toBe(expected);
  });

  it.each(["bogus", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "/24", "::/129", "10.0.0.0/2 4"])(
    "refuses %j",
    text => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );
});
