import type { ApiNode, ApiService, ApiTask, ServiceSpec } from "./api-types.ts";
import { Daemon, type DaemonSettings } from "./daemon.ts";
import { until } from "./waiting.ts";

/** Nodes that have joined must be ready within this, milliseconds. */
const joinLimitMs = 30_000;

/** The demo's swarm: its daemons, and what its manager says of it. */
export class Cluster {
  readonly manager: Daemon;
  readonly workers: readonly Daemon[];
  readonly #port: number;

  /** `port` is where the nodes listen for each other, on their own addresses. */
  constructor(nodes: readonly Omit<DaemonSettings, "name">[], port: number) {
    const daemons = nodes.map((node, at) => new Daemon({ ...node, name: at === 0 ? "manager" : `worker${at}` }));
    const [manager, ...workers] = daemons;
    if (!manager) throw new Error("a swarm has one node at least");
    this.manager = manager;
    this.workers = workers;
    this.#port = port;
  }

  get daemons(): readonly Daemon[] {
    return [this.manager, ...this.workers];
  }

  /** Starts the daemons, founds the swarm and lets the workers join; `step` is told how far it has come. */
  async start(signal: AbortSignal, step: (text: string) => void): Promise<void> {
    await Promise.all(this.daemons.map(daemon => daemon.start(signal)));
    step("the daemons run");
    const { api } = this.manager;
    await api.post("/swarm/init", this.#addressesOf(this.manager));
    const { JoinTokens } = await api.get<{ JoinTokens: { Worker: string } }>("/swarm");
    step(`${this.manager.name} (${this.manager.address}) has founded the swarm`);
    const remotes = [`${this.manager.address}:${this.#port}`];
    const join = { JoinToken: JoinTokens.Worker, RemoteAddrs: remotes };
    await Promise.all(
      this.workers.map(async worker => {
        await worker.api.post("/swarm/join", { ...this.#addressesOf(worker), ...join });
        step(`${worker.name} (${worker.address}) has joined`);
      }),
    );
    await until("all nodes ready", joinLimitMs, signal, async () => {
      const ready = (await this.nodes()).filter(node => node.Status.State === "ready");
      return ready.length === this.daemons.length ? true : undefined;
    });
  }

  nodes(): Promise<ApiNode[]> {
    return this.manager.api.get("/nodes");
  }

  services(): Promise<ApiService[]> {
    return this.manager.api.get("/services?status=true");
  }

  tasks(): Promise<ApiTask[]> {
    return this.manager.api.get("/tasks");
  }

  async create(spec: ServiceSpec): Promise<void> {
    await this.manager.api.post("/services/create", spec);
  }

  async scale(name: string, replicas: number): Promise<void> {
    const { ID, Version, Spec } = await this.manager.api.get<ApiService>(`/services/${name}`);
    const spec = { ...Spec, Mode: { Replicated: { Replicas: replicas } } };
    await this.manager.api.post(`/services/${ID}/update?version=${Version.Index}`, spec);
  }

  /** The daemon of the node with this id. */
  async daemonOf(nodeId: string): Promise<Daemon> {
    const name = (await this.nodes()).find(node => node.ID === nodeId)?.Description.Hostname;
    const daemon = this.daemons.find(candidate => candidate.name === name);
    if (!daemon) throw new Error(`node ${nodeId} is none of this demo's`);
    return daemon;
  }

  #addressesOf({ address }: Daemon) {
    return { ListenAddr: `${address}:${this.#port}`, AdvertiseAddr: `${address}:${this.#port}` };
  }
}
