import { describe, expect, it } from "vitest";
import { quorumState } from "./quorum.ts";

/** "L" leads, "+" can be reached, "-" cannot. */
const members = (marks: string) =>
  [...marks].map((mark, at) => ({ NodeID: `n${at}`, Addr: "", Leader: mark === "L", Reachable: mark !== "-" }));

describe("the managers", () => {
  it.each([
    ["", "unknown"],
    ["L", "led"],
    ["L++", "led"],
    ["L+-", "led"],
    ["++-", "electing"],
    ["+--", "lost"],
    ["L--", "lost"],
    ["+-", "lost"],
    ["++--", "lost"],
    ["+++--", "electing"],
  ])("%s: %s", (marks, state) => expect(quorumState(members(marks))).toBe(state));
});
