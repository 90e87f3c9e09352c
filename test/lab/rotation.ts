import { eventually } from "./command.ts";
import type { Daemon } from "./daemon.ts";
import type { MixedSwarm } from "./mixed-swarm.ts";
import { pidsOf, runningTasks, tasksOf } from "./services.ts";

/** Node label of stock engines, by which services find the nodes that can run them. */
const engineLabel = "make==docker";
/** Replicas of the services that go up and down, in turns. */
const low = 2;
const high = 8;

export interface RotationReport {
  /** From the command to the moment every node's certificate is under the new root. */
  readonly ms: number;
  /** How often services were scaled up or down meanwhile. */
  readonly scalings: number;
  /** Tasks that were there all the time. */
  readonly kept: number;
  /** What must not be: tasks restarted or lost, nodes left behind. Empty when all is well. */
  readonly violations: readonly string[];
}

/**
 * Changes the root CA of a swarm whose engines have joined, while services on both kinds of nodes are scaled up and down,
 * and looks whether any task was touched that was not scaled. Leaves no services.
 */
export async function rotateUnderScaling(swarm: MixedSwarm): Promise<RotationReport> {
  const { first, engines } = swarm;
  for (const { name } of engines)
    await first.dockerOk("node", "update", "--label-add", engineLabel.replace("==", "="), name);
  const kept = [
    { name: "kept", place: `node.labels.${engineLabel.replace("==", "!=")}`, image: "shoal/sleep", replicas: 10 },
    { name: "kept-docker", place: `node.labels.${engineLabel}`, image: "busybox", replicas: 4 },
  ];
  const waves = kept.map(service => ({ ...service, name: service.name.replace("kept", "waves"), replicas: low }));
  const services = [...kept, ...waves];
  for (const service of services) await create(first, service);
  for (const { name, replicas } of services) await runningTasks(first, name, replicas);
  const pids = () =>
    Promise.all(kept.map(async ({ name, replicas }) => pidsOf(await runningTasks(first, name, replicas))));
  const before = await pids();

  const violations: string[] = [];
  const scaling = waves.map(({ name }) => wave(first, name, violations));
  const oldRoot = await first.dockerOk("swarm", "ca");
  const start = performance.now();
  await first.dockerOk("swarm", "ca", "--rotate", "--quiet");
  const ms = performance.now() - start;
  const scalings = await Promise.all(scaling.map(each => each.stop()));

  for (const { name } of kept) violations.push(...(await restarts(first, name)));
  if (JSON.stringify(await pids()) !== JSON.stringify(before)) violations.push("processes of kept tasks are others");
  violations.push(...(await leftBehind(swarm, oldRoot)));
  await first.dockerOk("service", "rm", ...services.map(({ name }) => name));
  const count = kept.reduce((sum, { replicas }) => sum + replicas, 0);
  return { ms, scalings: scalings.reduce((sum, each) => sum + each, 0), kept: count, violations };
}

interface Service {
  readonly name: string;
  /** A constraint. */
  readonly place: string;
  readonly image: string;
  readonly replicas: number;
}

async function create(asked: Daemon, { name, place, image, replicas }: Service): Promise<void> {
  const how = ["--no-resolve-image", "--stop-signal", "KILL", "--constraint", place, "--replicas", String(replicas)];
  const command = image === "busybox" ? ["sleep", "100000"] : [];
  await asked.dockerOk("service", "create", "-d", "-q", "--name", name, ...how, image, ...command);
}

/** Scales a service up and down until it is stopped; then tells how often. */
function wave(asked: Daemon, name: string, violations: string[]): { stop(): Promise<number> } {
  let stopped = false;
  let scalings = 0;
  const run = async (): Promise<void> => {
    while (!stopped) {
      for (const replicas of [high, low]) {
        await asked.dockerOk("service", "scale", "-d", `${name}=${replicas}`);
        await runningTasks(asked, name, replicas);
        violations.push(...(await restarts(asked, name)));
        scalings += 1;
      }
    }
  };
  const running = run();
  return {
    async stop() {
      stopped = true;
      await running;
      return scalings;
    },
  };
}

/** A task that ended by itself or was replaced stays in its slot's history; one that was scaled away does not. */
async function restarts(asked: Daemon, name: string): Promise<string[]> {
  const ended = (await tasksOf(asked, name)).filter(task => !["running", "remove"].includes(task.DesiredState));
  return ended.map(({ ID, Status }) => `${name}: task ${ID} is ${Status.State} ${Status.Err ?? ""}`);
}

/** What does not trust the new root alone. A node takes it up a moment after the leader has seen its new certificate. */
async function leftBehind({ first, engines }: MixedSwarm, oldRoot: string): Promise<string[]> {
  const root = await first.dockerOk("swarm", "ca");
  if (root === oldRoot) return ["the root is the old one"];
  const late = async (): Promise<string[]> => {
    const lines = (await first.dockerOk("node", "ls", "--format", "{{.Hostname}} {{.Status}} {{.TLSStatus}}")).split(
      "\n",
    );
    const nodes = lines.filter(line => !line.endsWith(" Ready Ready"));
    return [
      ...nodes,
      ...engines.filter(engine => engine.certificate("swarm-root-ca.crt") !== root).map(({ name }) => name),
    ];
  };
  await eventually("all nodes have followed", async () => ((await late()).length === 0 ? true : undefined)).catch(
    () => {},
  );
  return late();
}
