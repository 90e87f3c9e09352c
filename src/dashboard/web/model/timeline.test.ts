import { describe, expect, it } from "vitest";
import { aService, aTask } from "./samples.test-kit.ts";
import { hasFailed, newestOf, placeOf, progressOf, rangeFor, ranges, rowsOf, ticksOf } from "./timeline.ts";

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 21, 10, minute)).toISOString();
const ms = (minute: number): number => Date.parse(at(minute));
const service = aService("s1", 2, { UpdateStatus: { State: "updating", StartedAt: at(30) } });
const task = (ID: string, Slot: number, made: number, more: object = {}) =>
  aTask(ID, { Slot, CreatedAt: at(made), Since: at(made + 1), ...more });
const ended = { State: "shutdown", DesiredState: "shutdown" };

describe("a service's timeline", () => {
  it("has a row a slot, in their order, the oldest task first", () => {
    const tasks = [task("c", 10, 1), task("b", 2, 5), task("a", 2, 3, ended)];
    const rows = rowsOf(tasks, service).map(({ key, bars }) => [key, bars.map(bar => bar.task.ID)]);
    expect(rows).toEqual([
      ["2", ["a", "b"]],
      ["10", ["c"]],
    ]);
  });

  it.each([
    ["running", { State: "running" }, undefined],
    ["starting", { State: "preparing" }, undefined],
    ["failed", { State: "failed", DesiredState: "shutdown" }, ms(4)],
    ["stopped", ended, ms(4)],
    ["done", { State: "complete" }, ms(4)],
  ])("knows when a task ended: %s", (look, more, toMs) => {
    const [row] = rowsOf([task("a", 1, 3, more)], service);
    expect(row?.bars[0]).toMatchObject({ look, toMs, fromMs: ms(3), sinceMs: ms(4), isRenewed: false });
  });

  it("tells how far an update is, which slot it is at, and what failed", () => {
    const tasks = [
      ...[task("a", 1, 3, ended), task("A", 1, 31)],
      ...[task("b", 2, 3, ended), task("B", 2, 32, { State: "starting" })],
      task("c", 3, 3),
      ...[task("d", 4, 3), task("D", 4, 33, { State: "failed", DesiredState: "shutdown" })],
      task("scaled away", 9, 3, ended),
    ];
    expect(progressOf(rowsOf(tasks, service))).toEqual({ renewed: 1, slots: 4, replacing: ["2"], failures: 1 });
  });

  it("knows the newest task of each slot, and where something has failed", () => {
    const tasks = [
      ...[task("c", 10, 1), task("a", 2, 3, { State: "failed", DesiredState: "shutdown" }), task("b", 2, 5)],
      { ...aTask("global", { NodeID: "n7", Slot: 0 }), Slot: undefined },
    ].map(({ Slot, ...rest }) => (Slot === undefined ? rest : { ...rest, Slot }));
    expect(newestOf(tasks).map(({ ID }) => ID)).toEqual(["b", "c", "global"]);
    expect(
      rowsOf(tasks, service)
        .filter(hasFailed)
        .map(({ key }) => key),
    ).toEqual(["2"]);
  });

  it("is of a global service a row a node", () => {
    const tasks = ["n1", "n2"].map(NodeID => ({ ...aTask(`on ${NodeID}`, { NodeID }), Slot: undefined }));
    const { Slot: _, ...rest } = tasks[0]!;
    expect(rowsOf([rest], service).map(({ key }) => key)).toEqual(["n1"]);
  });
});

describe("what is shown of the past", () => {
  it.each([
    [[1, 1, 3], 2 * 60_000],
    [[1, 3, 4], 10 * 60_000],
    [[1, 40, 50], 60 * 60_000],
    [[1, 300, 400], 24 * 60 * 60_000],
    [[1, 2_000, 3_000], 24 * 60 * 60_000],
    [[], 2 * 60_000],
  ])("with tasks made %j minutes ago", (ages, expected) => {
    const rows = rowsOf(
      ages.map((age, n) => task(`t${n}`, n, 500 - age)),
      service,
    );
    expect(rangeFor(rows, ms(500))).toBe(expected);
  });

  it.each([
    ["inside", [10, 20], { left: 10, width: 10 }],
    ["from before", [-10, 20], { left: 0, width: 20 }],
    ["to after", [90, 120], { left: 90, width: 10 }],
    ["all of it", [-10, 120], { left: 0, width: 100 }],
    ["before", [-10, -5], undefined],
    ["after", [101, 105], undefined],
  ] as const)("places what lies %s", (_, [fromMs, toMs], expected) => {
    expect(placeOf({ fromMs, toMs }, { fromMs: 0, toMs: 100 })).toEqual(expected);
  });

  it.each(ranges.map(([name, rangeMs]) => [name, rangeMs] as const))("has round ticks: %s", (_, rangeMs) => {
    const ticks = ticksOf({ fromMs: ms(7) - rangeMs, toMs: ms(7) });
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThanOrEqual(7);
    expect(ticks.every(tick => tick % 60_000 === 0)).toBe(true);
  });
});
