import { describe, expect, it } from "vitest";
import { age, ago, bytes, cpus, plural, sentence } from "./text.ts";

const now = Date.parse("2026-11-21T10:00:00Z");

describe("texts", () => {
  it.each([
    ["2026-11-21T10:00:05Z", "now"],
    ["2026-11-21T09:59:59Z", "1 s"],
    ["2026-11-21T09:58:30Z", "1 min"],
    ["2026-11-21T01:00:00Z", "9 h"],
    ["2026-11-01T10:00:00Z", "20 d"],
  ])("age of %s: %s", (since, text) => expect(age(since, now)).toBe(text));

  it.each([
    [0, "0 B"],
    [1536, "1.5 KiB"],
    [200 * 1024 ** 2, "200 MiB"],
    [24 * 1024 ** 3, "24 GiB"],
    [2 * 1024 ** 4, "2.0 TiB"],
  ])("%i bytes: %s", (count, text) => expect(bytes(count)).toBe(text));

  it.each([
    ["this token is not, or no longer, valid", "This token is not, or no longer, valid."],
    ["The daemon cannot be reached.", "The daemon cannot be reached."],
  ])("%j as a sentence: %j", (text, expected) => expect(sentence(text)).toBe(expected));

  it("moments of the past", () => {
    expect([ago("2026-11-21T09:58:30Z", now), ago("2026-11-21T10:00:00Z", now)]).toEqual(["1 min ago", "now"]);
  });

  it("CPUs and plurals", () => {
    expect([cpus(1_500_000_000), plural(1, "task"), plural(0, "task")]).toEqual(["1.5", "1 task", "0 tasks"]);
    expect(plural(5_000, "task")).toBe("5,000 tasks");
  });
});
