import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort, nodeAddresses } from "./addresses.ts";
import { Cluster } from "./cluster.ts";
import { findClient, hints } from "./hints.ts";
import { removeContainers, removeProcesses } from "./leftovers.ts";
import type { DemoOptions } from "./options.ts";
import type { Screen } from "./screen.ts";
import { smoke } from "./smoke.ts";
import { hasConverged, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { sampleStack, scalableService } from "./stack.ts";

const clusterPort = 2377;
const webPort = 8080;
const dashboardPort = 9377;
/** How long the sample stack may take to come up, milliseconds. */
const deployLimitMs = 120_000;
const lookEveryMs = 250;
/** How long services get to end their tasks by themselves when the demo stops, milliseconds. */
const removalLimitMs = 8_000;

/** A whole swarm on this machine, from nothing to running and back to nothing. */
export class Demo {
  readonly #options: DemoOptions;
  readonly #screen: Screen;
  #directory = "";
  #cluster: Cluster | undefined;
  #port = webPort;
  /** Empty until the swarm is up. */
  #nodeIds: readonly string[] = [];

  constructor(options: DemoOptions, screen: Screen) {
    this.#options = options;
    this.#screen = screen;
  }

  /** Starts everything and shows it; resolves when `signal` aborts, or when the smoke test is through. */
  async run(signal: AbortSignal): Promise<void> {
    const cluster = await this.#prepare();
    const began = performance.now();
    const count = cluster.daemons.length;
    this.#screen.say(`Starting ${count} node${count === 1 ? "" : "s"} (${this.#options.runtime} runtime) …`);
    await cluster.start(signal, text => this.#screen.say(`  ${text}`));
    this.#nodeIds = (await cluster.nodes()).map(node => node.ID);
    this.#screen.say(`The swarm is up after ${seconds(began)}: deploying the sample stack …`);
    for (const spec of sampleStack({ runtime: this.#options.runtime, nodes: count, port: this.#port }))
      await cluster.create(spec);
    const snapshot = await this.#deployed(cluster, signal);
    this.#screen.say(`All tasks run after ${seconds(began)}.`);
    if (this.#options.smoke) {
      const { runtime } = this.#options;
      await smoke({ cluster, runtime, port: this.#port, screen: this.#screen, signal });
      return;
    }
    const { Token } = await cluster.manager.api.post<{ Token: string }>("/shoal/dashboard/tokens", { Name: "demo" });
    this.#screen.say(...this.#hints(cluster, snapshot, Token));
    await this.#follow(cluster, signal);
  }

  /** Ends tasks and daemons and removes their files; `now` skips what can wait. */
  async stop(now: boolean): Promise<void> {
    const cluster = this.#cluster;
    if (!cluster) return;
    if (!now && this.#nodeIds.length > 0) await this.#removeServices(cluster);
    await Promise.all(cluster.daemons.map(daemon => daemon.stop(now)));
    // Daemons leave tasks running, as they must; this demo's are not wanted any more.
    if (this.#options.runtime === "docker") await removeContainers(this.#nodeIds);
    else for (const daemon of cluster.daemons) await removeProcesses(daemon.dataRoot);
    if (this.#options.keep) this.#screen.say(`Left behind: ${this.#directory}`);
    else await rm(this.#directory, { recursive: true, force: true });
  }

  async #prepare(): Promise<Cluster> {
    const { managers, workers, runtime } = this.#options;
    this.#directory = await mkdtemp(join(tmpdir(), "shoal-demo-"));
    const addresses = nodeAddresses(managers + workers);
    this.#port = await freePort(addresses, webPort);
    const dashboard = await freePort(addresses, dashboardPort);
    const nodes = addresses.map((address, at) => ({
      ...{ address, runtime, directory: this.#directory },
      dashboard: at < managers ? `${address}:${dashboard}` : undefined,
    }));
    this.#cluster = new Cluster(nodes, managers, await freePort(addresses, clusterPort));
    return this.#cluster;
  }

  /** Shows tasks coming up until all run. */
  async #deployed(cluster: Cluster, signal: AbortSignal): Promise<Snapshot> {
    const deadline = performance.now() + deployLimitMs;
    for (;;) {
      const snapshot = await takeSnapshot(cluster);
      this.#screen.show(snapshot);
      if (hasConverged(snapshot)) return snapshot;
      if (performance.now() > deadline) throw new Error(`Not all tasks run after ${deployLimitMs / 1000} s`);
      await delay(lookEveryMs, undefined, { signal });
    }
  }

  /** Tells what happens until the user has seen enough. */
  async #follow(cluster: Cluster, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(lookEveryMs * 2, undefined, { signal });
      const snapshot = await takeSnapshot(cluster).catch(() => undefined);
      if (snapshot) this.#screen.tell(snapshot);
    }
  }

  #hints(cluster: Cluster, { tasks }: Snapshot, token: string): string[] {
    const serving = new Set(tasks.filter(task => task.name.startsWith("web.")).map(task => task.node));
    const urls = cluster.daemons
      .filter(daemon => serving.has(daemon.name))
      .map(daemon => `http://${daemon.address}:${this.#port}/`);
    const client = findClient(process.env.PATH ?? "");
    const scalable = scalableService(this.#options.runtime);
    const dashboard = `http://${cluster.manager.dashboard}/#token=${token}`;
    return hints({ socket: cluster.manager.api.socket, urls, dashboard, logs: this.#directory, scalable, client });
  }

  /** Lets the swarm end its own tasks, so that programs get their stop signal. What it does not end is removed later. */
  async #removeServices(cluster: Cluster): Promise<void> {
    try {
      for (const service of await cluster.services()) await cluster.manager.api.delete(`/services/${service.ID}`);
      const deadline = performance.now() + removalLimitMs;
      while ((await cluster.tasks()).length > 0 && performance.now() < deadline) await delay(lookEveryMs);
    } catch (error) {
      this.#screen.say(`The managers could not end their tasks: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
