import { describe, expect, it } from "vitest";
import { fromBeginning, highest, latest, type UsageNews, withNews } from "./usage.ts";

const series = (...CPUs: (number | null)[]) => ({ CPUs, Memory: CPUs.map(each => each && each * 10) });
const news = (total: readonly (number | null)[], tasks: UsageNews["Tasks"] = {}): UsageNews => ({
  ...{ PeriodMs: 600_000, Total: series(...total), Tasks: tasks, LeftOut: 0 },
});
const nowMs = 7_200_000;

describe("usage as it is told", () => {
  it("is a sample a period up to now", () => {
    expect(withNews(undefined, news([null, 2]), nowMs)).toMatchObject({
      times: [6_600, 7_200],
      total: series(null, 2),
    });
  });

  it("grows by what is new, to an hour at most", () => {
    const first = withNews(undefined, news([1, 2, 3, 4, 5]), nowMs);
    const { times, total } = withNews(first, news([6, 7]), nowMs);
    expect(times).toHaveLength(6);
    expect(total).toEqual(series(2, 3, 4, 5, 6, 7));
  });

  it("takes in tasks that come, and lets go of those that are gone", () => {
    const first = withNews(undefined, news([1, 1], { a: series(1, 1) }), nowMs);
    const { tasks } = withNews(first, news([2], { b: series(2) }), nowMs);
    expect([...tasks]).toEqual([["b", series(null, null, 2)]]);
  });
});

describe("the beginning of what is known", () => {
  const hour = (known: number) => {
    const total = Array.from({ length: 100 }, (_, at) => (at < 100 - known ? null : 1));
    return withNews(undefined, { ...news(total, { a: series(...total) }), PeriodMs: 10_000 }, nowMs);
  };

  it.each([
    [100, 100],
    [40, 40],
    [2, 12],
    [0, 100],
  ])("of %i samples that are known %i are drawn", (known, drawn) => {
    const { times, total, tasks } = fromBeginning(hour(known));
    expect([times.length, total.CPUs.length, tasks.get("a")?.Memory.length]).toEqual([drawn, drawn, drawn]);
    expect(times.at(-1)).toBe(7_200);
  });
});

describe("figures of a series", () => {
  it.each([
    [[1, 2, null], 2, 2],
    [[3, null, null, null], undefined, 3],
    [[], undefined, undefined],
  ])("%j", (values, last, most) => expect([latest(values), highest(values)]).toEqual([last, most]));
});
