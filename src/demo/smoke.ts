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

  await check("node ls", () => oneLeads(facts));
  await check("service ls", () => allRunning(facts));
  await check("published port", () => answerOf(facts));
  await check(`scale ${scaled} up`, () => scaleTo(facts, scaled, before + nodes));
  await check(`scale ${scaled} down`, () => scaleTo(facts, scaled, Math.max(1, before - 1)));
  await check("a killed task is replaced", () => heal(facts, "worker"));
  if (cluster.managers.length < 3) return;
  await check("the leader is killed", () => failOver(facts));
  await check("published port", () => answerOf(facts));
  await check(`scale ${scaled} through another manager`, () => scaleTo(facts, scaled, before));
  await check("the killed manager comes back", () => comeBack(facts));
}

async function oneLeads({ cluster, signal }: SmokeFacts): Promise<string> {
  const others = cluster.managers.length - 1;
  const quorum = await until("one leader and all others reachable", checkLimitMs, signal, async () => {
    const found = await cluster.quorum();
    return found?.reachable === others ? found : undefined;
  });
  return `${quorum.leader.name} is Leader, ${quorum.reachable} Reachable`;
}

/** From here on another manager is asked. */
async function failOver({ cluster, signal }: SmokeFacts): Promise<string> {
  const quorum = await cluster.quorum();
  const other = cluster.managers.find(manager => manager !== quorum?.leader);
  if (!quorum || !other) throw new Error("nobody leads");
  await quorum.leader.stop(true);
  cluster.manager = other;
  const next = await until("another leader", checkLimitMs, signal, async () => {
    const found = await cluster.quorum();
    return found && found.leader !== quorum.leader ? found.leader : undefined;
  });
  return `${next.name} leads in the place of ${quorum.leader.name}`;
}

async function comeBack(facts: SmokeFacts): Promise<string> {
  const dead = facts.cluster.managers.filter(manager => !manager.isRunning);
  for (const manager of dead) await manager.start(facts.signal);
  return oneLeads(facts);
}

async function allRunning({ cluster }: SmokeFacts): Promise<string> {
  const snapshot = await takeSnapshot(cluster);
  if (!hasConverged(snapshot)) throw new Error(`not all services are up: ${JSON.stringify(snapshot.services)}`);
  return snapshot.services.map(({ name, running, desired }) => `${name} ${running}/${desired}`).join(", ");
}

async function answerOf({ cluster, port, signal }: SmokeFacts): Promise<string> {
  const { tasks } = await takeSnapshot(cluster);
  const nodes = tasks.filter(task => task.name.startsWith("web.") && task.state === "running").map(task => task.node);
  // The embedded runtime publishes through the node's daemon.
  const address = cluster.daemons.find(daemon => daemon.isRunning && nodes.includes(daemon.name))?.address;
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
