import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./command.ts";
import { Daemon } from "./daemon.ts";
import { createLab, type Lab, type LabHost } from "./lab.ts";
import { type PeerPrograms, writePeerPrograms } from "./peer-programs.ts";
import { setHeartbeat } from "./services.ts";

/** A busy machine must not look like a dead one. */
const heartbeatMs = 5_000;

/** Hosts with an engine and a daemon each in one swarm, and one more host that only calls them. */
export class OverlaySwarm {
  readonly lab: Lab;
  readonly daemons: readonly Daemon[];
  readonly client: LabHost;
  readonly programs: PeerPrograms;
  readonly #directory: string;

  private constructor(lab: Lab, daemons: readonly Daemon[], client: LabHost, directory: string) {
    this.lab = lab;
    this.daemons = daemons;
    this.client = client;
    this.#directory = directory;
    this.programs = writePeerPrograms(directory);
  }

  /** The first of them, or as many as said, are managers. `flagsOf`: more flags with which a node enters the swarm. */
  static async start(
    nodes: number,
    managers = 1,
    flagsOf: (host: LabHost) => Promise<readonly string[]> = async () => [],
  ): Promise<OverlaySwarm> {
    const lab = await createLab(nodes + 1, { docker: false });
    const hosts = lab.hosts.slice(0, nodes);
    const client = lab.hosts[nodes];
    if (!client) throw new Error("a lab has the hosts it was asked for");
    const directory = mkdtempSync(join(tmpdir(), "shoal-peers-"));
    await Promise.all(hosts.map(host => host.startDocker()));
    const daemons = hosts.map(host => {
      const flags = ["--runtime", "docker", "--engine", `unix://${host.docker.socket}`];
      return new Daemon({ address: host.address, hostname: host.name, namespace: host.namespace, flags });
    });
    const swarm = new OverlaySwarm(lab, daemons, client, directory);
    try {
      await swarm.#join(managers, await Promise.all(hosts.map(flagsOf)));
      return swarm;
    } catch (error) {
      await swarm.close();
      throw error;
    }
  }

  get manager(): Daemon {
    const [first] = this.daemons;
    if (!first) throw new Error("a swarm has one node at least");
    return first;
  }

  get addresses(): string[] {
    return this.daemons.map(({ options }) => options.address);
  }

  /** A program run on the caller's host; its trimmed standard output, "" when it failed. */
  async call(...argv: string[]): Promise<string> {
    return (await this.client.namespace.tryRun(["timeout", "10", ...argv])).stdout.trim();
  }

  /** "TASK CALLER" as the server that answers the published port says. */
  callTcp(address: string, port: number): Promise<string> {
    return this.call("busybox", "nc", "-w", "5", address, String(port));
  }

  callUdp(address: string, port: number): Promise<string> {
    return this.call("/usr/bin/perl", this.programs.datagram, address, String(port));
  }

  async close(): Promise<void> {
    for (const daemon of this.daemons) await daemon.dispose();
    await this.lab.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #join(managers: number, flags: readonly (readonly string[])[]): Promise<void> {
    await Promise.all(this.daemons.map(daemon => daemon.start()));
    const { manager } = this;
    const { address } = manager.options;
    await manager.dockerOk("swarm", "init", "--advertise-addr", address, ...(flags[0] ?? []));
    await setHeartbeat(manager, heartbeatMs);
    for (const [at, daemon] of this.daemons.entries()) {
      if (at === 0) continue;
      const token = await manager.dockerOk("swarm", "join-token", "-q", at < managers ? "manager" : "worker");
      await daemon.dockerOk("swarm", "join", ...(flags[at] ?? []), "--token", token, `${address}:2377`);
    }
    await eventually("all nodes are ready", async () => {
      const states = await manager.dockerOk("node", "ls", "--format", "{{.Status}}");
      return states.split("\n").filter(state => state === "Ready").length === this.daemons.length ? true : undefined;
    });
  }
}
