import { readFile } from "node:fs/promises";
import { eventually } from "../test/lab/command.ts";
import type { Daemon } from "../test/lab/daemon.ts";
import { figuresOf, metricsFlags } from "../test/lab/figures.ts";
import { Swarm } from "../test/lab/swarm.ts";
import { type Report, settings } from "./lab/report.ts";

/** Third byte of the loopback addresses. */
const base = 64;
/** How often the poller looks, milliseconds, from the answer to the next question. */
const pollPeriodMs = 100;
const convergeTimeoutMs = 300_000;
/** What the event loop's histogram has of a loop that does nothing: the period with which it looks (prom-client's), milliseconds. */
const lagResolutionMs = 10;
/** Clock ticks a second in /proc (Linux: always 100 towards programs). */
const ticksPerSecond = 100;

const name = "web";
const specOf = (replicas: number) => ({
  Name: name,
  TaskTemplate: { ContainerSpec: { Image: "shoal/sleep", Args: ["1000000"] } },
  Mode: { Replicated: { Replicas: replicas } },
});

/** Processor time used so far, seconds: what runs in the daemons themselves, and in all that they have waited for. */
interface CpuTime {
  readonly own: number;
  readonly children: number;
}

/**
 * `docker service scale web=1000` on ten real daemons of this machine, embedded runtime: from the answer to the request until the API
 * reports them all running, and down to none again. The manager's event loop is watched by its own metrics. `--replicas N --nodes N`
 * choose another size.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const { replicas, nodes } = settings(args, { replicas: 1_000, nodes: 10 });
  const address = `127.0.${base}.1`;
  const flags = ["--runtime", "embedded", "--log-level", "warn"];
  const swarm = await Swarm.start({
    base,
    workers: nodes - 1,
    flags,
    managerFlags: [...flags, ...metricsFlags(address)],
  });
  try {
    await eventually("all nodes are ready", async () => {
      const all = (await swarm.manager.apiOk("GET", "/nodes")) as { Status: { State: string } }[];
      return all.length === nodes && all.every(({ Status }) => Status.State === "ready") ? true : undefined;
    });
    await swarm.manager.apiOk("POST", "/services/create", specOf(0));
    await measure(report, swarm, replicas, { replicas, nodes, direction: "up" });
    await measure(report, swarm, 0, { replicas, nodes, direction: "down" });
  } finally {
    await swarm.dispose();
  }
}

async function measure(report: Report, swarm: Swarm, replicas: number, params: Record<string, unknown>): Promise<void> {
  const { manager, workers } = swarm;
  // Each look at the metrics starts the histogram anew.
  await figuresOf(manager);
  const before = [await cpuTime([manager]), await cpuTime(workers)] as const;
  const waitedBefore = await waitedFor(manager);
  const start = performance.now();
  await scale(manager, replicas);
  await reaches(manager, replicas, start);
  report("time", (performance.now() - start) / 1000, "s", params);
  const lag = (await figuresOf(manager)).get("nodejs_eventloop_lag_max_seconds") ?? Number.NaN;
  report("manager's event loop blocked, longest", lag * 1000 - lagResolutionMs, "ms", params);
  report("manager waited for a processor", (await waitedFor(manager)) - waitedBefore, "s", params);
  const after = [await cpuTime([manager]), await cpuTime(workers)] as const;
  report("CPU time of the manager", after[0].own - before[0].own, "s", params);
  report("CPU time of the workers", after[1].own - before[1].own, "s", params);
  const children = after[0].children + after[1].children - before[0].children - before[1].children;
  report("CPU time of what they started and waited for", children, "s", params);
}

async function scale(manager: Daemon, replicas: number): Promise<void> {
  const service = (await manager.apiOk("GET", `/services/${name}`)) as { ID: string; Version: { Index: number } };
  await manager.apiOk("POST", `/services/${service.ID}/update?version=${service.Version.Index}`, specOf(replicas));
}

async function reaches(manager: Daemon, replicas: number, start: number): Promise<void> {
  for (;;) {
    const [service] = (await manager.apiOk("GET", "/services?status=true")) as {
      ServiceStatus: { RunningTasks: number };
    }[];
    if (service?.ServiceStatus.RunningTasks === replicas) return;
    if (performance.now() - start > convergeTimeoutMs) throw new Error(`not scaled in ${convergeTimeoutMs} ms`);
    await new Promise(resolve => setTimeout(resolve, pollPeriodMs));
  }
}

/** How long the daemon's main thread could have run and was not let, seconds (/proc/PID/schedstat): what it is blocked for by others. */
async function waitedFor({ pid }: Daemon): Promise<number> {
  const [, waitedNs = 0] = (await readFile(`/proc/${pid}/schedstat`, "utf8")).split(" ").map(Number);
  return waitedNs / 1e9;
}

async function cpuTime(daemons: readonly Daemon[]): Promise<CpuTime> {
  const each = await Promise.all(daemons.map(({ pid }) => readFile(`/proc/${pid}/stat`, "utf8")));
  const sum = { own: 0, children: 0 };
  for (const stat of each) {
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15).map(Number);
    sum.own += (user + system) / ticksPerSecond;
    sum.children += (childUser + childSystem) / ticksPerSecond;
  }
  return sum;
}
