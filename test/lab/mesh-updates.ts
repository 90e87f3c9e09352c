import { eventually } from "./command.ts";
import type { HostProcess } from "./namespace.ts";
import type { OverlaySwarm } from "./overlay-swarm.ts";
import { serverFlags } from "./peer-programs.ts";
import { runningTasks, tasksOf } from "./services.ts";

/** Calls a second, half of them by the routing mesh and half by the virtual address. */
const callRate = 200;
const port = 8080;
const health = ["--health-cmd", "nc -w 2 127.0.0.1 80", "--health-interval", "300ms", "--health-timeout", "5s"];
const scaled = { few: 2, many: 10 };

export interface MeshUpdatesReport {
  readonly calls: number;
  /** One line a call that was not answered: when, where, why. */
  readonly failures: readonly string[];
}

/**
 * Calls the service "web" all the time, from outside by every node's published port and from a container by its virtual address,
 * while it is updated so many times (start-first and stop-first in turn), a node is drained and comes back, and it is scaled.
 */
export async function meshUpdates(
  swarm: OverlaySwarm,
  updates: number,
  say: (line: string) => void,
): Promise<MeshUpdatesReport> {
  const { manager } = swarm;
  await createServices(swarm);
  const callers = [await outside(swarm), await inside(swarm)];
  const settled = (replicas: number) => onlyRunning(swarm, replicas);
  for (let number = 1; number <= updates; number += 1) {
    const order = number % 2 === 1 ? "start-first" : "stop-first";
    say(`update ${number}, ${order}`);
    const change = ["--env-add", `NUMBER=${number}`, "--update-order", order, "--update-parallelism", "1"];
    await manager.dockerOk("service", "update", "--quiet", "--detach", ...change, "web");
    await eventually(`update ${number} is over`, () => isUpdated(swarm), 300_000);
  }
  const drained = swarm.daemons.at(-1)?.options.hostname ?? "";
  say(`drain of ${drained}`);
  await manager.dockerOk("node", "update", "--availability", "drain", drained);
  await eventually(`${drained} is empty`, async () =>
    (await manager.dockerOk("node", "ps", "--filter", "desired-state=running", drained)).includes("web")
      ? undefined
      : true,
  );
  await settled(3);
  await manager.dockerOk("node", "update", "--availability", "active", drained);
  for (const replicas of [scaled.few, scaled.many, scaled.few]) {
    say(`scale to ${replicas}`);
    await manager.dockerOk("service", "scale", "--detach", `web=${replicas}`);
    await settled(replicas);
  }
  const failures: string[] = [];
  let calls = 0;
  for (const caller of callers) {
    await caller.end("SIGTERM");
    const lines = caller.logTail(100_000).trim().split("\n");
    calls += Number(/^calls (\d+) /.exec(lines.pop() ?? "")?.[1]);
    failures.push(...lines.filter(Boolean));
  }
  return { calls, failures };
}

async function createServices({ manager, programs }: OverlaySwarm): Promise<void> {
  const create = (...args: string[]) => manager.dockerOk("service", "create", "--detach", ...args);
  await manager.dockerOk("network", "create", "--driver", "overlay", "calls");
  await create("--name", "caller", "--network", "calls", "--replicas", "1", "busybox", "sleep", "1000000");
  const web = ["--name", "web", "--network", "calls", "--replicas", "3", "--publish", `${port}:80`];
  await create(...web, ...health, ...serverFlags(programs));
  await runningTasks(manager, "caller", 1);
  await runningTasks(manager, "web", 3);
}

function outside({ client, programs, addresses }: OverlaySwarm): Promise<HostProcess> {
  const argv = ["/usr/bin/perl", programs.caller, String(callRate / 2), String(port), ...addresses];
  return client.namespace.spawn(argv, `${client.dir}/calls-outside`);
}

/** Runs in the caller's container's network. */
async function inside({ lab, daemons, manager, client, programs }: OverlaySwarm): Promise<HostProcess> {
  const { VirtualIPs } = (
    (await manager.apiOk("GET", "/services/web")) as { Endpoint: { VirtualIPs: { Addr: string }[] } }
  ).Endpoint;
  const address = VirtualIPs.at(-1)?.Addr.split("/")[0] ?? "";
  for (const [at, daemon] of daemons.entries()) {
    const filter = "label=com.docker.swarm.service.name=caller";
    const container = await daemon.dockerOk("ps", "-q", "--filter", filter);
    const host = lab.hosts[at];
    if (container === "" || !host) continue;
    const pid = await daemon.dockerOk("inspect", "--format", "{{.State.Pid}}", container);
    const enter = ["nsenter", "-t", pid, "-n", "/usr/bin/perl", programs.caller];
    return host.namespace.spawn([...enter, String(callRate / 2), "80", address], `${client.dir}/calls-inside`);
  }
  throw new Error("the caller runs somewhere");
}

async function isUpdated({ manager }: OverlaySwarm): Promise<true | undefined> {
  const service = (await manager.apiOk("GET", "/services/web")) as { UpdateStatus?: { State?: string } };
  const state = service.UpdateStatus?.State ?? "";
  if (state.includes("paused") || state.includes("rollback")) throw new Error(`the update went wrong: ${state}`);
  return state === "completed" ? true : undefined;
}

/** So many tasks run, and no others do any more. */
async function onlyRunning({ manager }: OverlaySwarm, replicas: number): Promise<void> {
  await runningTasks(manager, "web", replicas);
  await eventually("the others have ended", async () => {
    const running = (await tasksOf(manager, "web")).filter(task => task.Status.State === "running");
    return running.length === replicas ? true : undefined;
  });
}
