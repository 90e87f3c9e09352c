import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { processUsage, treeUsage } from "./process-usage.ts";

describe("the usage of a process", () => {
  it("is its time with that of its ended children, and the memory that is its own", () => {
    const stat = "12 (a) b) S 1 12 12 0 -1 4194560 9 9 0 0 150 50 20 30 20 0 1 0 7777 1 2 3\n";
    expect(processUsage(stat, "5000 300 100 1 0 9 0\n")).toEqual({ cpuSeconds: 2.5, memoryBytes: 200 * 4096 });
  });

  it("is unknown of a process that is gone", () => {
    expect(processUsage("", "")).toBeUndefined();
    expect(treeUsage(2 ** 30)).toBeUndefined();
  });

  it("includes what it has started", async () => {
    // The shell waits; the time and the memory are its child's.
    const script = "const a = Buffer.alloc(40e6, 1); for (;;) a.fill(2);";
    const child = spawn("sh", ["-c", '"$0" -e "$1"; :', process.execPath, script]);
    try {
      await expect.poll(() => treeUsage(child.pid!)?.memoryBytes, { timeout: 20_000 }).toBeGreaterThan(40e6);
      await expect.poll(() => treeUsage(child.pid!)?.cpuSeconds, { timeout: 20_000 }).toBeGreaterThan(0.2);
    } finally {
      const [inner] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ");
      process.kill(Number(inner), "SIGKILL");
    }
  });
});
