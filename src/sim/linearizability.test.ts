import { describe, expect, it } from "vitest";
import { checkLinearizable, type Operation } from "./linearizability.ts";
import { SimRandom } from "./random.ts";
import { appended, type RegisterInput, registerModel } from "./register-history.ts";

type Op = Operation<RegisterInput, string>;

const never = Number.POSITIVE_INFINITY;
const read = (asked: number, answered: number, output: string): Op => ({
  input: { kind: "read" },
  output,
  asked,
  answered,
});
const did =
  (kind: "write" | "append") =>
  (asked: number, answered: number, value: string): Op => ({
    input: { kind, value },
    output: answered === never ? undefined : "",
    asked,
    answered,
  });
const [write, append] = [did("write"), did("append")];
const remove = (asked: number, answered: number): Op => ({ input: { kind: "remove" }, output: "", asked, answered });

describe("a history", () => {
  it.each<[string, boolean, Op[]]>([
    ["nothing", true, []],
    ["a read of what was written", true, [write(0, 1, "a"), read(2, 3, "a")]],
    ["a read of what was never there", false, [write(0, 1, "a"), read(2, 3, "b")]],
    ["a stale read", false, [write(0, 1, "a"), write(2, 3, "b"), read(4, 5, "a")]],
    ["a read that overlaps a write, before it", true, [write(0, 1, "a"), write(2, 5, "b"), read(3, 4, "a")]],
    ["a read that overlaps a write, after it", true, [write(0, 1, "a"), write(2, 5, "b"), read(3, 4, "b")]],
    [
      "two reads during a write, the later one older",
      false,
      [write(0, 1, "a"), write(2, 9, "b"), read(3, 4, "b"), read(5, 6, "a")],
    ],
    ["two overlapping writes, either way", true, [write(0, 3, "a"), write(1, 2, "b"), read(4, 5, "a")]],
    ["a lost write", false, [write(0, 1, "a"), read(2, 3, "")]],
    ["a write of unknown fate that happened", true, [write(0, never, "a"), read(1, 2, "a")]],
    ["a write of unknown fate that did not", true, [write(0, never, "a"), read(1, 2, ""), read(3, 4, "")]],
    ["a write of unknown fate that happened late", true, [write(0, never, "a"), read(1, 2, ""), read(3, 4, "a")]],
    ["one that happened and was undone", false, [write(0, never, "a"), read(1, 2, "a"), read(3, 4, "")]],
    ["one seen before it was asked for", false, [read(0, 1, "a"), write(2, never, "a")]],
    ["one that came after a later write", true, [write(0, never, "a"), write(1, 2, "b"), read(3, 4, "a")]],
    ["an append done once", true, [append(0, 1, "a"), append(2, 3, "b"), read(4, 5, "a+b")]],
    ["an append done twice", false, [append(0, 1, "a"), append(2, 3, "b"), read(4, 5, "a+b+b")]],
    ["an append of unknown fate done twice", false, [append(0, never, "a"), read(4, 5, "a+a")]],
    ["an append to something stale", false, [append(0, 1, "a"), append(2, 3, "b"), read(4, 5, "b")]],
    ["a removal", true, [append(0, 1, "a"), remove(2, 3), append(4, 5, "b"), read(6, 7, "b")]],
    ["a removal that came back", false, [append(0, 1, "a"), remove(2, 3), read(6, 7, "a")]],
  ])("of %s: %s", (_what, expected, operations) => {
    expect(checkLinearizable(operations, registerModel).kind).toBe(expected ? "linearizable" : "impossible");
  });

  it("says how far it can be explained", () => {
    const verdict = checkLinearizable([write(0, 1, "a"), read(2, 3, "a"), read(4, 5, "")], registerModel);
    expect(verdict).toEqual({ kind: "impossible", explained: [0, 1] });
  });
});

/** What `clients` clients saw of a single copy, each answer some time after it was done; some never answered. */
function simulated(seed: number, clients: number, count: number): Op[] {
  const random = new SimRandom(seed);
  const operations: Op[] = [];
  let state = "";
  const idle = Array.from({ length: clients }, () => 0);
  for (let i = 0; i < count; i++) {
    const client = Math.floor(random.float() * clients);
    const asked = i * 10 - random.float() * 40;
    if (asked <= (idle[client] ?? 0)) continue;
    const answered = random.float() < 0.1 ? never : i * 10 + random.float() * 60;
    const kind = (["read", "read", "write", "append"] as const)[Math.floor(random.float() * 4)] ?? "read";
    const value = `v${i}`;
    if (kind === "read" && answered !== never) operations.push(read(asked, answered, state));
    if (kind === "write" || kind === "append") {
      // Of unknown fate: every other one has happened.
      const happens = answered !== never || random.float() < 0.5;
      if (happens) state = kind === "write" ? value : appended(state, value);
      operations.push(did(kind)(asked, answered, value));
    }
    idle[client] = answered === never ? asked : answered;
  }
  return operations.sort((a, b) => a.asked - b.asked);
}

describe("many clients of one copy", () => {
  it("are always explained, and quickly", () => {
    for (let seed = 1; seed <= 100; seed++)
      expect([seed, checkLinearizable(simulated(seed, 5, 60), registerModel).kind]).toEqual([seed, "linearizable"]);
  });

  it("are found out when one of them lies", () => {
    let found = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const history = simulated(seed, 5, 60);
      const reads = history.flatMap((each, place) => (each.input.kind === "read" && place > 10 ? [place] : []));
      const place = reads[seed % reads.length]!;
      history[place] = { ...history[place]!, output: "v0" };
      if (checkLinearizable(history, registerModel).kind === "impossible") found++;
    }
    expect(found).toBeGreaterThan(95);
  });
});
