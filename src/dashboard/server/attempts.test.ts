import { beforeEach, describe, expect, it } from "vitest";
import { Attempts, windowMs } from "./attempts.ts";

let attempts: Attempts;
beforeEach(() => {
  attempts = new Attempts();
});

/** How many of so many different tokens are checked, and found to be none. */
function guess(address: string, count: number, nowMs = 0): number {
  let checked = 0;
  for (let at = 0; at < count; at++) {
    if (!attempts.mayTry(address, `guess ${at}`, nowMs)) continue;
    attempts.note(address, `guess ${at}`, false, nowMs);
    checked++;
  }
  return checked;
}

describe("tokens that are tried", () => {
  it("are checked until too many were none, and again after a while", () => {
    expect(guess("a", 100)).toBe(20);
    expect(guess("a", 100, windowMs - 1)).toBe(0);
    expect(guess("a", 100, windowMs)).toBe(20);
  });

  it("are counted for each address", () => {
    guess("a", 100);
    expect(guess("b", 1)).toBe(1);
  });

  it("are checked whatever others do at the same address, once they were valid, until they are not", () => {
    attempts.note("a", "valid", true, 0);
    guess("a", 100);
    expect([attempts.mayTry("a", "valid", 0), attempts.mayTry("a", "another", 0)]).toEqual([true, false]);
    attempts.note("a", "valid", false, 0);
    expect(attempts.mayTry("a", "valid", 0)).toBe(false);
  });

  it("are forgotten before they are too many", () => {
    guess("first", 20);
    for (let at = 0; at < 999; at++) attempts.note(`other ${at}`, "", false, 0);
    expect(attempts.mayTry("first", "more", 0)).toBe(false);
    attempts.note("one more", "", false, 0);
    expect(attempts.mayTry("first", "more", 0)).toBe(true);
  });
});
