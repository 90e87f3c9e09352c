import { describe, expect, it } from "vitest";
import { fromResources, toResources } from "./resources.ts";
import { shortestFloat32 } from "./update-config.ts";

const pair = (pids: bigint) => (body: Parameters<typeof toResources>[0]) => fromResources(toResources(body), pids);

describe("resources", () => {
  it.each<[what: string, body: Parameters<typeof toResources>[0], pids: bigint, back: unknown]>([
    ["none", undefined, 0n, undefined],
    ["empty ones", {}, 0n, {}],
    ["empty limits", { Limits: {}, Reservations: {} }, 0n, { Limits: {}, Reservations: {} }],
    ["a limit of processes, kept elsewhere on the wire", undefined, 5n, { Limits: { Pids: 5 } }],
    ["limits", { Limits: { NanoCPUs: 1, MemoryBytes: 2 } }, 5n, { Limits: { NanoCPUs: 1, MemoryBytes: 2, Pids: 5 } }],
    ["swap", { Limits: { MemoryBytes: 2 }, SwapBytes: 0 }, 0n, { Limits: { MemoryBytes: 2 }, SwapBytes: 0 }],
    ["swappiness", { MemorySwappiness: -1 }, 0n, { MemorySwappiness: -1 }],
    [
      "generic ones",
      {
        Reservations: {
          GenericResources: [
            { NamedResourceSpec: { Kind: "GPU", Value: "UUID1" } },
            { DiscreteResourceSpec: { Kind: "SSD", Value: 3 } },
          ],
        },
      },
      0n,
      {
        Reservations: {
          GenericResources: [
            { NamedResourceSpec: { Kind: "GPU", Value: "UUID1" } },
            { DiscreteResourceSpec: { Kind: "SSD", Value: 3 } },
          ],
        },
      },
    ],
  ])("keep %s", (_, body, pids, back) => {
    expect(pair(pids)(body)).toEqual(back);
  });

  it("refuse swap without memory, and generic ones of no kind", () => {
    expect(() => toResources({ SwapBytes: 1 })).toThrow("memory swap provided, but no memory-limit was set");
    expect(() => toResources({ Reservations: { GenericResources: [{}] } })).toThrow(
      "GenericResources: either NamedResourceSpec or DiscreteResourceSpec should be set",
    );
  });
});

describe("a 32-bit float", () => {
  it.each([0, 1, 0.1, 0.5, 0.25, 0.333, 1 / 3, 1e-7, 0.7])("%d is printed as short as Go does", value => {
    const shown = shortestFloat32(Math.fround(value));
    expect(Math.fround(shown)).toBe(Math.fround(value));
    expect(String(shown).length).toBeLessThanOrEqual(Math.max(String(value).length, 10) + 1);
    if (value !== 1 / 3) expect(shown).toBe(value);
  });
});
