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
        times.push(await restart(quorum, signal));
        report(`restart, round ${round}`, times.at(-1) ?? 0, "ms", { ...params, signal });
      }
      report("restart until up to date", median(times), "ms", { ...params, signal, rounds, worst: Math.max(...times) });
    }
    const times: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const fresh = Quorum.daemon(base, managerCount + round);
      joined.push(fresh);
      times.push(await join(quorum, fresh));
      report(`join, round ${round}`, times.at(-1) ?? 0, "ms", params);
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
  await leader.apiOk("POST", "/networks/create", { Name: network, Driver: "overlay" });
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

/** Ends a follower, and gives the milliseconds from starting it until it is up to date. */
async function restart(quorum: Quorum, signal: "SIGTERM" | "SIGKILL"): Promise<number> {
  const leader = await quorum.caughtUp();
  const follower = quorum.all.find(one => one !== leader);
  if (!follower) throw new Error("there is only one manager");
  await follower.end(signal);
  const start = performance.now();
  const running = follower.start();
  await upToDate(follower, leader);
  const took = performance.now() - start;
  await running;
  return took;
}

/** Milliseconds from the join of a daemon that runs until it is up to date. */
async function join(quorum: Quorum, fresh: Daemon): Promise<number> {
  await fresh.start();
  const leader = await quorum.leader();
  const start = performance.now();
  const joining = quorum.join(fresh, leader);
  await upToDate(fresh, leader);
  const took = performance.now() - start;
  await joining;
  return took;
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

function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? 0) * 1024;
}
