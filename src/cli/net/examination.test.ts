import { expect, it } from "vitest";
import { type FindingView, isWrong, type NodeView, reportOf } from "./examination.ts";

const Compared = { Networks: 2, Links: 14, Rules: 20, Names: 4, Paths: 3 };
const node = (Hostname: string, members: Partial<NodeView> = {}): NodeView => ({
  ...{ ID: `id-${Hostname}`, Hostname, Outcome: "examined", Reason: "", Findings: [], Compared, ...members },
});
const finding = (members: Partial<FindingView> = {}): FindingView => ({
  ...{ Severity: "error", Subject: "network back", Problem: "is gone", Next: "bring it back", Repaired: false },
  ...members,
});

it.each<[string, NodeView[], boolean]>([
  ["all is well", [node("a")], false],
  ["something is left", [node("a"), node("b", { Findings: [finding()] })], true],
  ["all was repaired", [node("a", { Findings: [finding({ Repaired: true })] })], false],
  ["something to think of", [node("a", { Findings: [finding({ Severity: "warning" })] })], false],
  ["a node has nothing to look at", [node("a", { Outcome: "no-data-plane", Reason: "…" })], false],
  ["a node was not reached", [node("a", { Outcome: "not-reached", Reason: "it is down" })], true],
])("knows whether it is to fail: %s", (_, Nodes, expected) => {
  expect(isWrong({ Nodes })).toBe(expected);
});

it("says a line a node, then what is wrong and what to do", () => {
  const Findings = [finding(), finding({ Repaired: true }), finding({ Severity: "warning", Subject: "port 80/tcp" })];
  const Nodes = [node("a", { Findings }), node("b"), node("c", { Outcome: "not-reached", Reason: "it is down" })];
  expect(reportOf({ Nodes })).toBe(`NODE
a      1 wrong, 1 repaired, 1 to think of (2 networks, 14 devices and entries, 20 rules, 4 names, 3 paths)
b      well (2 networks, 14 devices and entries, 20 rules, 4 names, 3 paths)
c      not looked at: it is down

✗ a: network back: is gone
  → bring it back
✓ a: network back: is gone
  → repaired
! a: port 80/tcp: is gone
  → bring it back`);
});

it("says so when nothing is wrong", () => {
  expect(reportOf({ Nodes: [node("a")] })).toMatch(/\n\nNothing is wrong\.$/);
});
