import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { decodePem, encodePem } from "./pem.ts";

describe("PEM", () => {
  it("comes back as it went in, headers included", () => {
    const bytes = Uint8Array.from({ length: 200 }, (_, i) => i);
    const headers = new Map([
      ["kek-version", "3"],
      ["raft-dek", "AAEC=="],
    ]);
    const text = encodePem("PRIVATE KEY", bytes, headers);
    expect(text.split("\n").slice(0, 4)).toEqual([
      "-----BEGIN PRIVATE KEY-----",
      "kek-version: 3",
      "raft-dek: AAEC==",
      "",
    ]);
    expect(Math.max(...text.split("\n").map(line => line.length))).toBe(64);
    expect(decodePem(text)).toEqual([{ label: "PRIVATE KEY", headers, bytes }]);
  });

  it("finds every block, whatever stands between them and however lines end", () => {
    const text = `first\n${encodePem("A", Uint8Array.of(1))}between\n${encodePem("B", Uint8Array.of(2))}`;
    const windows = text.replaceAll("\n", "\r\n");
    for (const given of [text, windows]) expect(decodePem(given).map(block => [...block.bytes])).toEqual([[1], [2]]);
  });

  it.each([
    ["not base64", "-----BEGIN A-----\n***\n-----END A-----\n"],
    ["cut base64", "-----BEGIN A-----\nAAA\n-----END A-----\n"],
    ["a huge text", "x".repeat(2 << 20)],
  ])("refuses %s", (_, text) => {
    expect(() => decodePem(text)).toThrow(Fault);
  });

  it.each([
    ["no block", "hello"],
    ["a block without end", "-----BEGIN A-----\nAAAA\n"],
    ["ends that differ", "-----BEGIN A-----\nAAAA\n-----END B-----\n"],
  ])("sees nothing in %s", (_, text) => {
    expect(decodePem(text)).toEqual([]);
  });
});
