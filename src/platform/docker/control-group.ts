import { readFile } from "node:fs/promises";

/*
 * What the kernel has counted of a container's control groups (Linux Documentation/admin-guide: cgroup-v1, cgroup-v2):
 * a few small files, where asking the engine for the same costs it milliseconds a container.
 */

const mount = "/sys/fs/cgroup";
const nanosPerSecond = 1e9;
const microsPerSecond = 1e6;

/** Where a container's figures are. */
export type ControlGroup =
  | { readonly version: "v1"; readonly cpu: string; readonly memory: string }
  | { readonly version: "v2"; readonly directory: string };

export interface GroupUsage {
  readonly cpuSeconds: number | undefined;
  readonly memoryBytes: number | undefined;
}

/** The groups of a container's process by its `/proc/PID/cgroup`; undefined when the process is not that container's. */
export function controlGroup(text: string, containerId: string): ControlGroup | undefined {
  const paths = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    // Another machine's engine has given a process id that is some other process here.
    if (path === undefined || controllers === undefined || !path.includes(containerId)) continue;
    for (const controller of controllers.split(",")) paths.set(controller, path);
  }
  const [cpu, memory, unified] = [paths.get("cpuacct"), paths.get("memory"), paths.get("")];
  if (cpu !== undefined && memory !== undefined)
    return { version: "v1", cpu: `${mount}/cpuacct${cpu}`, memory: `${mount}/memory${memory}` };
  return unified === undefined ? undefined : { version: "v2", directory: mount + unified };
}

/** What is in them now; undefined when nothing is there any more. */
export async function groupUsage(group: ControlGroup): Promise<GroupUsage | undefined> {
  const usage =
    group.version === "v1"
      ? usageV1(
          await text(`${group.cpu}/cpuacct.usage`),
          await text(`${group.memory}/memory.usage_in_bytes`),
          await text(`${group.memory}/memory.stat`),
        )
      : usageV2(
          await text(`${group.directory}/cpu.stat`),
          await text(`${group.directory}/memory.current`),
          await text(`${group.directory}/memory.stat`),
        );
  return usage.cpuSeconds === undefined && usage.memoryBytes === undefined ? undefined : usage;
}

export function usageV1(cpu: string, memory: string, memoryStat: string): GroupUsage {
  const nanos = /^\d+/.exec(cpu)?.[0];
  return {
    cpuSeconds: nanos === undefined ? undefined : Number(nanos) / nanosPerSecond,
    memoryBytes: held(memory, /^total_inactive_file (\d+)$/m.exec(memoryStat)?.[1]),
  };
}

export function usageV2(cpuStat: string, memory: string, memoryStat: string): GroupUsage {
  const micros = /^usage_usec (\d+)$/m.exec(cpuStat)?.[1];
  return {
    cpuSeconds: micros === undefined ? undefined : Number(micros) / microsPerSecond,
    memoryBytes: held(memory, /^inactive_file (\d+)$/m.exec(memoryStat)?.[1]),
  };
}

/** As `docker stats` counts: without the files that were read and would be dropped first. */
function held(memory: string, inactive = "0"): number | undefined {
  const bytes = /^\d+/.exec(memory)?.[0];
  return bytes === undefined ? undefined : Math.max(0, Number(bytes) - Number(inactive));
}

function text(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
