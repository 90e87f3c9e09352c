import { describe, expect, it } from "vitest";
import type { NetPart } from "../ports/net-ops.ts";
import { Doubts, type Look, patienceMs } from "./doubts.ts";

const rules = new Set<NetPart>(["rules"]);

/** Doubts that were settled once. */
function settled(): Doubts {
  const doubts = new Doubts();
  doubts.take(0, false);
  return doubts;
}

/** What is looked at, and how, after `noted` at time 0. */
function look(noted: (doubts: Doubts) => void, now: number, isChangeWaiting: boolean): Look | undefined {
  const doubts = settled();
  noted(doubts);
  return doubts.take(now, isChangeWaiting);
}

describe("what is looked at before anything is made", () => {
  const nothing = (): void => {};
  const ofRules = (doubts: Doubts): void => doubts.add(rules, 0);
  const ofAll = (doubts: Doubts): void => doubts.add("everything", 0);
  const both = (doubts: Doubts): void => {
    doubts.add(rules, 0);
    doubts.add(["links"], 500);
  };
  const insisted = (doubts: Doubts): void => doubts.insist(0);
  it.each<[string, (doubts: Doubts) => void, number, boolean, Omit<Look, "since"> | undefined]>([
    ["nothing without a doubt", nothing, 0, false, undefined],
    ["what is in doubt, and a change breaks it off", ofRules, 0, false, { parts: rules, canWait: true }],
    ["nothing while a change waits", ofRules, patienceMs - 1, true, undefined],
    ["a change's turn is over", ofRules, patienceMs, true, { parts: rules, canWait: false }],
    ["no change breaks off what was put off for long", ofRules, patienceMs, false, { parts: rules, canWait: false }],
    ["all parts in doubt", both, 600, false, { parts: new Set(["rules", "links"]), canWait: true }],
    ["the oldest doubt counts", both, patienceMs, true, { parts: new Set(["rules", "links"]), canWait: false }],
    ["everything can wait, too", ofAll, 0, true, undefined],
    ["unless somebody insists", insisted, 0, true, { parts: "everything", canWait: false }],
  ])("%s", (_what, noted, now, isChangeWaiting, expected) => {
    const found = look(noted, now, isChangeWaiting);
    expect(found && { parts: found.parts, canWait: found.canWait }).toEqual(expected);
  });
});

it("looks at everything before the first change", () => {
  expect(new Doubts().take(0, true)).toMatchObject({ parts: "everything", canWait: false });
});

it("has no doubts after a look", () => {
  const doubts = settled();
  doubts.add(rules, 0);
  doubts.take(0, false);
  expect(doubts.remain).toBe(false);
  expect(doubts.has(rules)).toBe(false);
});

it("counts a look that was broken off as put off since its doubts began", () => {
  const doubts = settled();
  doubts.add(rules, 0);
  const first = doubts.take(1_000, false) as Look;
  doubts.add(["links"], 1_100);
  doubts.putBack(first);
  expect(doubts.has(rules)).toBe(true);
  expect(doubts.take(patienceMs, true)).toEqual({ parts: new Set(["rules", "links"]), canWait: false, since: 0 });
});

it("does not let a change go before a look that must be and has failed", () => {
  const doubts = new Doubts();
  doubts.putBack(doubts.take(0, true) as Look);
  expect(doubts.take(1, true)).toMatchObject({ parts: "everything", canWait: false });
});
