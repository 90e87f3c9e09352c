import type { ApiNode, ApiService, ApiTask, ServiceSpec } from "./api-types.ts";
import { Daemon, type DaemonSettings } from "./daemon.ts";
import { until } from "./waiting.ts";

/** Nodes that have joined must be ready within this, milliseconds. */
const joinLimitMs = 60_000;

/** The demo's swarm: its daemons, and what one of its managers says of it. */
export class Cluster {
  readonly managers: readonly Daemon[];
  readonly workers: readonly Daemon[];
  /** The manager that is asked. */
  manager: Daemon;
  readonly #port: number;

  /** The first `managers` nodes are managers; `port` is where the nodes listen for each other, on their own addresses. */
  constructor(nodes: readonly Omit<DaemonSettings, "name">[], managers: number, port: number) {
    const named = (kind: string) => (node: Omit<DaemonSettings, "name">, at: number) =>
      new Daemon({ ...node, name: `${kind}${at + 1}` });
    this.managers = nodes.slice(0, managers).map(named("manager"));
    this.workers = nodes.slice(managers).map(named("worker"));
    const [first] = this.managers;
    if (!first) throw new Error("a swarm has one manager at least");
    this.manager = first;
    this.#port = port;
  }

  get daemons(): readonly Daemon[] {
    return [...this.managers, ...this.workers];
  }

  /** Starts the daemons, founds the swarm and lets the others join; `step` is told how far it has come. */
  async start(signal: AbortSignal, step: (text: string) => void): Promise<void> {
    await Promise.all(this.daemons.map(daemon => daemon.start(signal)));
    step("the daemons run");
    const [founder, ...managers] = this.managers;
    if (!founder) return;
    await founder.api.post("/swarm/init", this.#addressesOf(founder));
    const { JoinTokens } = await founder.api.get<{ JoinTokens: { Manager: string; Worker: string } }>("/swarm");
    step(`${founder.name} (${founder.address}) has founded the swarm`);
    const join = async (daemon: Daemon, JoinToken: string, what: string): Promise<void> => {
      const RemoteAddrs = [`${founder.address}:${this.#port}`];
      await daemon.api.post("/swarm/join", { ...this.#addressesOf(daemon), JoinToken, RemoteAddrs });
      step(`${daemon.name} (${daemon.address}) has joined as a ${what}`);
    };
    await Promise.all([
      ...managers.map(daemon => join(daemon, JoinTokens.Manager, "manager")),
      ...this.workers.map(daemon => join(daemon, JoinTokens.Worker, "worker")),
    ]);
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

  /** The manager that leads, and how many others would be ready to; undefined while nobody leads. */
  async quorum(): Promise<{ readonly leader: Daemon; readonly reachable: number } | undefined> {
    const nodes = await this.nodes();
    const leader = nodes.find(node => node.ManagerStatus?.Leader);
    if (!leader) return undefined;
    const reachable = nodes.filter(node => node !== leader && node.ManagerStatus?.Reachability === "reachable").length;
    return { leader: await this.daemonOf(leader.ID), reachable };
  }

  #addressesOf({ address }: Daemon) {
    return { ListenAddr: `${address}:${this.#port}`, AdvertiseAddr: `${address}:${this.#port}` };
  }
}
