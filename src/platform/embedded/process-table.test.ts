import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { currentBootId, isRunning, parseSignalStatus, parseStat, wasStartedWith } from "./process-table.ts";

const line = "4242 (a) b (c) S 1 4242 4243 0 -1 4194560 276 0 0 0 0 0 0 0 20 0 1 0 157956 2654208 364";

describe("the process table", () => {
  it("reads a stat line whose name holds parentheses and spaces", () => {
    expect(parseStat(line)).toEqual({ pid: 4242, session: 4243, startTicks: "157956", ended: false });
    expect(parseStat(line.replace(" S ", " Z "))?.ended).toBe(true);
  });

  it.each(["", "no such thing", "12 (sh) S 1"])("takes %j for nothing", text => {
    expect(parseStat(text)).toBeUndefined();
  });

  it("knows this process, and no other one that had its id", () => {
    const stat = parseStat(readFileSync("/proc/self/stat", "utf8"));
    const self = { bootId: currentBootId(), pid: process.pid, startTicks: stat?.startTicks ?? "" };
    expect(isRunning(self)).toBe(true);
    expect(isRunning({ ...self, startTicks: `${self.startTicks}1` })).toBe(false);
    expect(isRunning({ ...self, bootId: "an earlier one" })).toBe(false);
  });

  it("knows what a process was started with", () => {
    const [first] = readFileSync("/proc/self/environ", "utf8").split("\0");
    expect(wasStartedWith(process.pid, first ?? "")).toBe(true);
    expect(wasStartedWith(process.pid, "SHOAL_NO_SUCH=1")).toBe(false);
  });

  it("reads signal masks", () => {
    const status =
      "Name:\tx\nNSpid:\t9355\t1\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000004002\n";
    expect(parseSignalStatus(status)).toEqual({ ignored: 0x1000n, caught: 0x4002n, init: true });
    expect(parseSignalStatus("NSpid:\t21\n").init).toBe(false);
  });
});
