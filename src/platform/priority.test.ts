import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../ports/log.ts";
import { SimClock } from "../sim/clock.ts";
import { runProbe } from "./embedded/health-monitor.ts";
import { Launcher } from "./embedded/launcher.ts";
import { giveManagersPriority, ordinaryPriority } from "./priority.ts";

const isRoot = process.getuid?.() === 0;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "shoal-priority-"));
});
afterEach(() => {
  giveManagersPriority(false, silentLogger);
  rmSync(directory, { recursive: true, force: true });
});

/** Writes down the niceness that it runs with, as its child has it. */
const script = 'cut -d" " -f19 /proc/self/stat >"$FILE"';
const written = (file: string) => Number(readFileSync(file, "utf8"));

describe.skipIf(!isRoot)("a manager (skipped: not root)", () => {
  it("goes before other programs until it is none any more", () => {
    giveManagersPriority(true, silentLogger);
    expect(getPriority()).toBe(ordinaryPriority - 10);
    giveManagersPriority(true, silentLogger);
    expect(getPriority()).toBe(ordinaryPriority - 10);
    giveManagersPriority(false, silentLogger);
    expect(getPriority()).toBe(ordinaryPriority);
  });

  it("leaves its tasks, and what looks after their health, where they were", async () => {
    giveManagersPriority(true, silentLogger);
    const [task, probe] = ["task", "probe"].map(name => join(directory, name)) as [string, string];
    const launcher = new Launcher();
    const command = { program: "/bin/sh", args: ["-c", script], directory, env: { FILE: task } };
    await new Promise(resolve => launcher.launch({ ...command, out: `${task}.out`, err: `${task}.err` }, resolve));
    await launcher.close();
    // It is started first, and gets its place at once.
    const patient = ["/bin/sh", "-c", `sleep 0.2; ${script}`];
    await runProbe(
      { command: patient, env: [`FILE=${probe}`], directory, timeoutMs: 60_000 },
      new SimClock(),
      new AbortController().signal,
    );
    expect([written(task), written(probe)]).toEqual([ordinaryPriority, ordinaryPriority]);
  });
});
