import { describe, expect, it } from "vitest";
import { groupSettings, oomKills } from "./cgroups.ts";

const all = { nanoCpus: 500_000_000, memoryBytes: 64 << 20, processes: 10 };
const none = { nanoCpus: 0, memoryBytes: 0, processes: 0 };

describe("control groups", () => {
  it("sets version 1's controllers each in its own tree", () => {
    expect(groupSettings("v1", "/cg", "shoal/n/t", all)).toEqual([
      { directory: "/cg/memory/shoal/n/t", files: [["memory.limit_in_bytes", "67108864"]] },
      { directory: "/cg/pids/shoal/n/t", files: [["pids.max", "10"]] },
      {
        directory: "/cg/cpu/shoal/n/t",
        files: [
          ["cpu.cfs_period_us", "100000"],
          ["cpu.cfs_quota_us", "50000"],
        ],
      },
    ]);
  });

  it("sets version 2's in one", () => {
    expect(groupSettings("v2", "/cg", "shoal/n/t", all)).toEqual([
      {
        directory: "/cg/shoal/n/t",
        files: [
          ["memory.max", "67108864"],
          ["pids.max", "10"],
          ["cpu.max", "50000 100000"],
        ],
      },
    ]);
  });

  it.each(["v1", "v2", "none"] as const)("makes none without limits (%s)", version => {
    expect(groupSettings(version, "/cg", "x", none)).toEqual([]);
  });

  it.each([
    ["oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", 2],
    ["low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n", 1],
    ["", 0],
  ])("counts kills in %j", (text, kills) => expect(oomKills(text)).toBe(kills));
});
