import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import type { Report } from "./lab/report.ts";
import { type SchedulerCase, type SchedulerResult, variants } from "./lab/scheduler-case.ts";

/** Nodes and tasks of SwarmKit's own benchmark of its scheduler. */
const sizes = [
  { nodes: 1_000, tasks: 10_000 },
  { nodes: 1_000, tasks: 100_000 },
  { nodes: 100_000, tasks: 100_000 },
] as const;

const caseTimeoutMs = 600_000;
const program = fileURLToPath(new URL("lab/scheduler-case.ts", import.meta.url));
const execute = promisify(execFile);

/**
 * The scheduler alone, from pending tasks in a store in memory until each has its node and that is stored: every case in
 * a process of its own, cold, with the options of `bin/shoald`. `--nodes N --tasks N --variant plain|constraints|spread|services` choose one; without them
 * it is all. The memory is the whole process's, with the objects themselves.
 *
 * Each is measured twice: as SwarmKit's own benchmark does, on a store without a log, and with every change encoded as for
 * a manager's log. Both use the whole store, its group commit, indexes and events.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  for (const chosen of casesFrom(args)) {
    const params = { ...chosen };
    const result = await measure({ ...chosen, encoded: false });
    report("tasks placed", (chosen.tasks * 1000) / result.wallMs, "tasks/s", params);
    report("time", result.wallMs / 1000, "s", params);
    report("CPU time", result.cpuMs / 1000, "s", params);
    report("peak memory", result.peakBytes / 1e6, "MB", params);
    report("memory before", result.startBytes / 1e6, "MB", params);
    report("longest turn of the event loop", result.longestTurnMs, "ms", params);
    report("longest turn, CPU time", result.longestTurnCpuMs, "ms", params);
    report("most less fewest tasks on a node", result.unevenness, "tasks", params);
    const logged = await measure({ ...chosen, encoded: true });
    report("tasks placed, entries encoded", (chosen.tasks * 1000) / logged.wallMs, "tasks/s", params);
    report("time, entries encoded", logged.wallMs / 1000, "s", params);
    report("CPU time, entries encoded", logged.cpuMs / 1000, "s", params);
    report("peak memory, entries encoded", logged.peakBytes / 1e6, "MB", params);
  }
}

type Chosen = Omit<SchedulerCase, "encoded">;

function casesFrom(args: readonly string[]): Chosen[] {
  const options = { nodes: { type: "string" }, tasks: { type: "string" }, variant: { type: "string" } } as const;
  const { nodes, tasks, variant } = parseArgs({ args: [...args], options }).values;
  const chosen = variants.filter(name => variant === undefined || name === variant);
  if (chosen.length === 0) throw new Error(`--variant is one of ${variants.join(", ")}, not "${variant}"`);
  const sized =
    nodes === undefined && tasks === undefined
      ? sizes
      : [{ nodes: countFrom("nodes", nodes, 1_000), tasks: countFrom("tasks", tasks, 10_000) }];
  return sized.flatMap(size => chosen.map(name => ({ ...size, variant: name })));
}

function countFrom(name: string, text: string | undefined, otherwise: number): number {
  const count = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`--${name} takes a number of them, not "${text}"`);
  return count;
}

async function measure(chosen: SchedulerCase): Promise<SchedulerResult> {
  const command = ["--max-semi-space-size=32", "--import", "tsx/esm", program, JSON.stringify(chosen)];
  const { stdout } = await execute(process.execPath, command, { timeout: caseTimeoutMs });
  return JSON.parse(stdout) as SchedulerResult;
}
