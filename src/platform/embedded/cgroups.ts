import { existsSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Logger } from "../../ports/log.ts";
import type { Limits } from "./plan.ts";

/** One control group directory of a task and the files to write in it. */
export interface GroupSettings {
  readonly directory: string;
  readonly files: readonly (readonly [name: string, value: string])[];
}

export type CgroupVersion = "v1" | "v2" | "none";

/** Quota period of the CPU controllers, microseconds: the kernel's default. */
const cpuPeriodUs = 100_000;

/**
 * The groups a task with these limits needs, and what to write there (Linux Documentation/admin-guide: cgroup-v1,
 * cgroup-v2). None for a task without limits: thousands of them cost nothing then.
 */
export function groupSettings(version: CgroupVersion, mount: string, name: string, limits: Limits): GroupSettings[] {
  const quotaUs = Math.max(1000, Math.round((limits.nanoCpus / 1e9) * cpuPeriodUs));
  const { memoryBytes, nanoCpus, processes } = limits;
  switch (version) {
    case "none":
      return [];
    case "v1": {
      const group = (controller: string, files: GroupSettings["files"]): GroupSettings => ({
        directory: join(mount, controller, name),
        files,
      });
      return [
        ...(memoryBytes > 0 ? [group("memory", [["memory.limit_in_bytes", String(memoryBytes)]])] : []),
        ...(processes > 0 ? [group("pids", [["pids.max", String(processes)]])] : []),
        ...(nanoCpus > 0
          ? [
              group("cpu", [
                ["cpu.cfs_period_us", String(cpuPeriodUs)],
                ["cpu.cfs_quota_us", String(quotaUs)],
              ]),
            ]
          : []),
      ];
    }
    case "v2": {
      const files: [string, string][] = [];
      if (memoryBytes > 0) files.push(["memory.max", String(memoryBytes)]);
      if (processes > 0) files.push(["pids.max", String(processes)]);
      if (nanoCpus > 0) files.push(["cpu.max", `${quotaUs} ${cpuPeriodUs}`]);
      return files.length > 0 ? [{ directory: join(mount, name), files }] : [];
    }
    default:
      return version satisfies never;
  }
}

/** How many times the kernel killed for want of memory, by either version's file. */
export function oomKills(text: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

const cgroupMount = "/sys/fs/cgroup";

/** The control groups of one node's tasks. Best effort: what cannot be limited runs without the limit, and says so. */
export class Cgroups {
  readonly version: CgroupVersion;
  readonly #nodeId: string;
  readonly #log: Logger;

  constructor(version: CgroupVersion, nodeId: string, log: Logger) {
    this.version = version;
    this.#nodeId = nodeId;
    this.#log = log;
  }

  static open(nodeId: string, log: Logger): Cgroups {
    return new Cgroups(findVersion(), nodeId, log);
  }

  /** Makes the task's groups; returns the files by which a process joins them, and the limits that could not be set. */
  async create(taskId: string, limits: Limits): Promise<{ readonly join: string[]; readonly missed: string[] }> {
    const wanted = Object.entries(limits).filter(([, value]) => value > 0);
    if (wanted.length === 0) return { join: [], missed: [] };
    const settings = this.#settings(taskId, limits);
    if (settings.length === 0) return { join: [], missed: wanted.map(([limit]) => limit) };
    const join: string[] = [];
    const missed: string[] = [];
    for (const group of settings) {
      try {
        if (this.version === "v2") await enableControllers(this.#nodeId);
        await mkdir(group.directory, { recursive: true });
        for (const [file, value] of group.files) await writeFile(`${group.directory}/${file}`, value);
        join.push(`${group.directory}/cgroup.procs`);
      } catch (error) {
        this.#log.warn("cannot limit a task", { task: taskId, group: group.directory, error: String(error) });
        missed.push(...group.files.map(([file]) => file));
      }
    }
    return { join, missed };
  }

  /** Whether the kernel killed the task because it reached its memory limit. */
  async ranOutOfMemory(taskId: string, limits: Limits): Promise<boolean> {
    if (limits.memoryBytes <= 0 || this.version === "none") return false;
    const [group] = this.#settings(taskId, { ...limits, nanoCpus: 0, processes: 0 });
    const file = this.version === "v2" ? "memory.events" : "memory.oom_control";
    const text = group ? await readFile(`${group.directory}/${file}`, "utf8").catch(() => "") : "";
    return oomKills(text) > 0;
  }

  /** Removes the task's groups; a group that still holds a dying process stays until the task itself is removed. */
  async remove(taskId: string, limits: Limits): Promise<void> {
    for (const { directory } of this.#settings(taskId, limits)) {
      await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") this.#log.debug("a control group stays", { directory, error: String(error) });
      });
      // The node's group goes with its last task.
      await rmdir(dirname(directory)).catch(() => {});
    }
  }

  #settings(taskId: string, limits: Limits): GroupSettings[] {
    return groupSettings(this.version, cgroupMount, `shoal/${this.#nodeId}/${taskId}`, limits);
  }
}

function findVersion(): CgroupVersion {
  if (process.getuid?.() !== 0) return "none";
  if (existsSync(`${cgroupMount}/cgroup.controllers`)) return "v2";
  return existsSync(`${cgroupMount}/memory/cgroup.procs`) ? "v1" : "none";
}

/** In version 2 a group has only the controllers that every group above it passes on. */
async function enableControllers(nodeId: string): Promise<void> {
  for (const directory of [cgroupMount, `${cgroupMount}/shoal`, `${cgroupMount}/shoal/${nodeId}`]) {
    await mkdir(directory, { recursive: true });
    await writeFile(`${directory}/cgroup.subtree_control`, "+memory +cpu +pids");
  }
}
