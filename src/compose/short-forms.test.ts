import { describe, expect, it } from "vitest";
import { shellWords } from "../lib/shell-words.ts";
import { parsePort } from "./port.ts";
import { parseVolume } from "./volume.ts";

const tcp = { protocol: "tcp", mode: "ingress" };

describe("short forms", () => {
  it.each<[string, object[] | undefined]>([
    ["80", [{ target: 80, ...tcp }]],
    ["8080:80", [{ target: 80, published: "8080", ...tcp }]],
    ["8080:80/udp", [{ target: 80, published: "8080", ...tcp, protocol: "udp" }]],
    ["127.0.0.1:8080:80", [{ target: 80, published: "8080", ...tcp, host_ip: "127.0.0.1" }]],
    ["[::1]:8080:80", [{ target: 80, published: "8080", ...tcp, host_ip: "::1" }]],
    ["127.0.0.1::80", [{ target: 80, ...tcp, host_ip: "127.0.0.1" }]],
    [
      "3000-3001:80-81",
      [
        { target: 80, published: "3000", ...tcp },
        { target: 81, published: "3001", ...tcp },
      ],
    ],
    [
      "3000-3001",
      [
        { target: 3000, ...tcp },
        { target: 3001, ...tcp },
      ],
    ],
    [
      "3000-3001:80",
      [
        { target: 80, published: "3000", ...tcp },
        { target: 80, published: "3001", ...tcp },
      ],
    ],
    ["3000-3002:80-81", undefined],
    ["0:80", undefined],
    ["70000", undefined],
    ["80/icmp", undefined],
    ["web", undefined],
  ])("port %s", (text, ports) => {
    expect(parsePort(text)).toEqual(ports);
  });

  it.each<[string, object | undefined]>([
    ["/data", { type: "volume", target: "/data" }],
    ["db:/data", { type: "volume", source: "db", target: "/data" }],
    ["./x:/data:ro", { type: "bind", source: "./x", target: "/data", read_only: true }],
    ["~/x:/data:rw", { type: "bind", source: "~/x", target: "/data", read_only: false }],
    [
      "db:/data:nocopy,ro",
      { type: "volume", source: "db", target: "/data", volume: { nocopy: true }, read_only: true },
    ],
    ["/a:/b:rshared,z", { type: "bind", source: "/a", target: "/b", bind: { propagation: "rshared", selinux: "z" } }],
    ["/a:/b:cached", { type: "bind", source: "/a", target: "/b", consistency: "cached" }],
    ["/a:/b:often", undefined],
    ["/a::ro", undefined],
    ["a:b:c:d", undefined],
  ])("volume %s", (text, volume) => {
    expect(parseVolume(text)).toEqual(volume);
  });

  it.each<[string, string[]]>([
    ["a b  c", ["a", "b", "c"]],
    ["a 'b c' \"d e\"", ["a", "b c", "d e"]],
    ["a\"b\"'c'", ["abc"]],
    ['a\\ b \'\\n\' "\\n\\""', ["a b", "\\n", '\\n"']],
    ["'' \"\"", ["", ""]],
    ["", []],
  ])("words of %s", (text, words) => {
    expect(shellWords(text)).toEqual(words);
  });

  it.each(["'a", '"a', "a\\"])("no words in %s", text => {
    expect(() => shellWords(text)).toThrow();
  });
});
