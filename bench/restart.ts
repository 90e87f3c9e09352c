import { readFileSync } from "node:fs";
import { eventually } from "../test/lab/command.ts";
import type { Daemon } from "../test/lab/daemon.ts";
import { figuresOf } from "../test/lab/figures.ts";
import { Quorum } from "../test/lab/quorum.ts";
import { median, type Report, settings } from "./lab/report.ts";

/** Third byte of the loopback addresses. */
const base = 66;
const managerCount = 3;
const replicasPerService = 1_000;
/** Milliseconds without any change after which the swarm has come to rest. */
const restMs = 3_000;
const fillTimeoutMs = 1_200_000;
/** Of the clock in /proc (Linux: always 100 a second towards programs). */
const msPerTick = 10;

/**
 * Managers with many tasks: how long one takes from the start of its process until it has everything that the leader has, how
 * long a new one from its join, and what memory they hold. The tasks come from services created through the API whose network
 * is of a kind that nobody serves: they wait for it, whatever becomes of nodes, and the swarm is at rest.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const { tasks, rounds } = settings(args, { tasks: 100_000, rounds: 3 });
  const quorum = await Quorum.start({ count: managerCount, base });
  const joined: Daemon[] = [];
  const params = { tasks, managers: managerCount };
  try {
    report("time to fill the store", await fill(quorum, tasks), "s", params);
    await reportMemory(report, quorum, params);
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const times: number[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        const { ms, cpuMs } = await restart(quorum, signal);
        times.push(ms);
        report(`restart, round ${round}`, ms, "ms", { ...params, signal, cpuMs });
      }
      report("restart until up to date", median(times), "ms", { ...params, signal, rounds, worst: Math.max(...times) });
    }
    const times: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const fresh = Quorum.daemon(base, managerCount + round);
      joined.push(fresh);
      const { ms, cpuMs } = await join(quorum, fresh);
      times.push(ms);
      report(`join, round ${round}`, ms, "ms", { ...params, cpuMs });
    }
    report("join until up to date", median(times), "ms", { ...params, rounds, worst: Math.max(...times) });
    await reportMemory(report, quorum, params);
  } finally {
    for (const fresh of joined) {
      await fresh.end("SIGKILL");
      await fresh.dispose();
    }
    await quorum.dispose();
  }
}

/** Seconds until all tasks are there and have been looked at by everybody. */
async function fill(quorum: Quorum, tasks: number): Promise<number> {
  const start = performance.now();
  const leader = await quorum.leader();
  const network = "waiting";
  await leader.apiOk("POST", "/networks/create", { Name: network, Driver: "macvlan", Scope: "swarm" });
  for (let at = 0; at * replicasPerService < tasks; at += 1) {
    const replicas = Math.min(replicasPerService, tasks - at * replicasPerService);
    await leader.apiOk("POST", "/services/create", {
      Name: `waiting-${at}`,
      TaskTemplate: {
        ContainerSpec: { Image: "registry.example/shop/web:1.2.3", Env: ["SETTING_A=some value", "SETTING_B=another"] },
        Networks: [{ Target: network }],
      },
      Mode: { Replicated: { Replicas: replicas } },
    });
  }
  const made = async (): Promise<boolean> =>
    (await figuresOf(await quorum.leader())).get('shoal_store_objects{kind="task"}') === tasks;
  await eventually("all tasks are there", async () => (await made()) || undefined, fillTimeoutMs);
  await rest(quorum);
  return (performance.now() - start - restMs) / 1000;
}

/** Waits until nothing is written any more. */
async function rest(quorum: Quorum): Promise<void> {
  let last = -1;
  let since = performance.now();
  const quiet = async () => {
    const index = await applied(await quorum.caughtUp());
    if (index !== last) since = performance.now();
    last = index;
    return performance.now() - since > restMs || undefined;
  };
  await eventually("the swarm is at rest", quiet, fillTimeoutMs);
}

const applied = async (daemon: Daemon): Promise<number> =>
  (await figuresOf(daemon)).get("shoal_raft_applied_index") ?? -1;

/** How long something took, and what its process computed for it: what it would take on a machine with nothing else to do. */
interface Taken {
  readonly ms: number;
  readonly cpuMs: number;
}

/** Ends a follower, and measures from starting it until it is up to date. */
async function restart(quorum: Quorum, signal: "SIGTERM" | "SIGKILL"): Promise<Taken> {
  const leader = await quorum.caughtUp();
  const follower = quorum.all.find(one => one !== leader);
  if (!follower) throw new Error("there is only one manager");
  await follower.end(signal);
  const start = performance.now();
  const running = follower.start();
  await upToDate(follower, leader);
  const ms = performance.now() - start;
  await running;
  return { ms, cpuMs: cpuMs(follower.pid) };
}

/** Measures from the join of a daemon that runs until it is up to date. */
async function join(quorum: Quorum, fresh: Daemon): Promise<Taken> {
  await fresh.start();
  const before = cpuMs(fresh.pid);
  const leader = await quorum.leader();
  const start = performance.now();
  const joining = quorum.join(fresh, leader);
  await upToDate(fresh, leader);
  const ms = performance.now() - start;
  await joining;
  return { ms, cpuMs: cpuMs(fresh.pid) - before };
}

/** Waits until a manager has applied all that the leader had when it was asked, and knows who leads. */
function upToDate(daemon: Daemon, leader: Daemon): Promise<true> {
  return eventually(`${daemon.options.hostname} is up to date`, async () => {
    const figures = await figuresOf(daemon).catch(() => undefined);
    const index = figures?.get("shoal_raft_applied_index");
    const knowsLeader = [...(figures ?? [])].some(
      ([name, value]) => name.startsWith("shoal_raft_leader{") && value === 1,
    );
    return (knowsLeader && index !== undefined && index >= (await applied(leader))) || undefined;
  });
}

async function reportMemory(report: Report, quorum: Quorum, params: Record<string, unknown>): Promise<void> {
  await rest(quorum);
  const leader = await quorum.leader();
  for (const one of quorum.all) {
    const role = one === leader ? "leader" : "follower";
    report(`resident memory, ${role}`, residentBytes(one.pid) / (1 << 20), "MiB", params);
  }
}

/** CPU time that a process has used since its start. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13);
  return (Number(user) + Number(system)) * msPerTick;
}

function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? 0) * 1024;
}
