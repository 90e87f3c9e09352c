import { get } from "node:http";
import type { Cluster } from "./cluster.ts";
import type { Screen } from "./screen.ts";
import { hasConverged, takeSnapshot } from "./snapshot.ts";
import { scalableService } from "./stack.ts";
import { until } from "./waiting.ts";

/** Each check's own limit, milliseconds. */
const checkLimitMs = 60_000;

export interface SmokeFacts {
  readonly cluster: Cluster;
  readonly runtime: "embedded" | "docker";
  /** Where the web service is published. */
  readonly port: number;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** Uses the swarm as its user would; rejects with what did not work. */
export async function smoke(facts: SmokeFacts): Promise<void> {
  const { cluster, screen } = facts;
  const check = async (what: string, run: () => Promise<string>): Promise<void> => {
    const start = performance.now();
    const found = await run();
    screen.say(`ok   ${what}: ${found} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  };
  const nodes = cluster.daemons.length;
  const scaled = scalableService(facts.runtime);
  const before =
    (await cluster.services()).find(service => service.Spec.Name === scaled)?.ServiceStatus?.DesiredTasks ?? 0;

  await check("service ls", () => allRunning(facts));
  await check("published port", () => answerOf(facts));
  await check(`scale ${scaled} up`, () => scaleTo(facts, scaled, before + nodes));
  await check(`scale ${scaled} down`, () => scaleTo(facts, scaled, Math.max(1, before - 1)));
  await check("a killed task is replaced", () => heal(facts, "worker"));
}

async function allRunning({ cluster }: SmokeFacts): Promise<string> {
  const snapshot = await takeSnapshot(cluster);
  if (!hasConverged(snapshot)) throw new Error(`not all services are up: ${JSON.stringify(snapshot.services)}`);
  return snapshot.services.map(({ name, running, desired }) => `${name} ${running}/${desired}`).join(", ");
}

async function answerOf({ cluster, port, signal }: SmokeFacts): Promise<string> {
  const { tasks } = await takeSnapshot(cluster);
  const node = tasks.find(task => task.name.startsWith("web.") && task.state === "running")?.node;
  const address = cluster.daemons.find(daemon => daemon.name === node)?.address;
  if (!address) throw new Error("no task of the web service is running");
  const url = `http://${address}:${port}/`;
  const answer = await until(`an answer from ${url}`, checkLimitMs, signal, () => fetchText(url));
  if (!answer.includes("Hostname: ")) throw new Error(`${url} answered something else: ${answer.slice(0, 200)}`);
  return `${url} answered`;
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, response => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", chunk => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
      response.on("error", reject);
    }).on("error", reject);
  });
}

async function scaleTo({ cluster, signal }: SmokeFacts, name: string, replicas: number): Promise<string> {
  await cluster.scale(name, replicas);
  await until(`${name} with ${replicas} tasks`, checkLimitMs, signal, async () => {
    const running = await runningTasks(cluster, name);
    return running.length === replicas ? true : undefined;
  });
  return `${replicas} tasks run`;
}

/** Tasks of a service that run and should. */
async function runningTasks(cluster: Cluster, name: string) {
  const service = (await cluster.services()).find(candidate => candidate.Spec.Name === name);
  const tasks = await cluster.tasks();
  return tasks.filter(
    task => task.ServiceID === service?.ID && task.Status.State === "running" && task.DesiredState === "running",
  );
}

async function heal({ cluster, signal }: SmokeFacts, name: string): Promise<string> {
  const before = await runningTasks(cluster, name);
  const [victim] = before;
  const container = victim?.Status.ContainerStatus?.ContainerID;
  if (!victim?.NodeID || !container) throw new Error(`no task of ${name} is running`);
  const daemon = await cluster.daemonOf(victim.NodeID);
  await daemon.api.post(`/containers/${container}/kill`);
  await until(`a new task for ${name}.${victim.Slot}`, checkLimitMs, signal, async () => {
    const now = await runningTasks(cluster, name);
    return now.length === before.length && now.every(task => task.ID !== victim.ID) ? true : undefined;
  });
  return `${name}.${victim.Slot} was killed on ${daemon.name} and runs again`;
}
