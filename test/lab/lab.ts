import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "./command.ts";
import { type Dockerd, type DockerdOptions, startDockerd } from "./dockerd.ts";
import { Namespace } from "./namespace.ts";

/** Hosts a lab may have: their addresses end in 11, 12, …, and each takes about 100 MB with its engine. */
const hostLimit = 32;
const subnet = "10.99.0";

export interface LabOptions {
  /** Whether each host gets a dockerd with a busybox image; yes by default. */
  readonly docker?: boolean;
  readonly dockerd?: Omit<DockerdOptions, "dir" | "namespace">;
}

/** One host of a lab: network, mounts, processes and host name of its own. */
export class LabHost {
  readonly name: string;
  /** Its address on the switch, which all other hosts reach. */
  readonly address: string;
  /** For its files; the same path inside and outside. */
  readonly dir: string;
  readonly namespace: Namespace;
  readonly #switch: Namespace;
  readonly #port: string;
  #docker: Dockerd | undefined;

  constructor(name: string, number: number, dir: string, namespace: Namespace, hub: Namespace) {
    this.name = name;
    this.address = `${subnet}.${10 + number}`;
    this.dir = dir;
    this.namespace = namespace;
    this.#switch = hub;
    this.#port = `port${number}`;
  }

  /** Its engine. */
  get docker(): Dockerd {
    if (!this.#docker) throw new Error(`${this.name} was made without an engine`);
    return this.#docker;
  }

  /** Lays the cable to the switch and gives the host its address. */
  async connect(): Promise<void> {
    const pid = String(this.namespace.pid);
    const cable = ["type", "veth", "peer", "name", "eth0", "netns", pid];
    // Only the network namespace is entered: elsewhere the process number would mean another process.
    await command(["nsenter", "-t", String(this.#switch.pid), "-n", "--", "ip", "link", "add", this.#port, ...cable]);
    await this.#switch.run(["ip", "link", "set", this.#port, "master", "switch", "up"]);
    await this.namespace.run(["ip", "address", "add", `${this.address}/24`, "dev", "eth0"]);
    await this.namespace.run(["ip", "link", "set", "eth0", "up"]);
  }

  /** Lays another cable to the same switch, for an address ("10.98.0.11/24") on a device of its own. */
  async connectToo(device: string, address: string): Promise<void> {
    const cable = ["type", "veth", "peer", "name", device, "netns", String(this.namespace.pid)];
    const port = `${this.#port}.${device}`;
    await command(["nsenter", "-t", String(this.#switch.pid), "-n", "--", "ip", "link", "add", port, ...cable]);
    await this.#switch.run(["ip", "link", "set", port, "master", "switch", "up"]);
    await this.namespace.run(["ip", "address", "add", address, "dev", device]);
    await this.namespace.run(["ip", "link", "set", device, "up"]);
  }

  /** Pulls the cable: the host runs on, alone. */
  async unplug(): Promise<void> {
    await this.#switch.run(["ip", "link", "set", this.#port, "down"]);
  }

  async plug(): Promise<void> {
    await this.#switch.run(["ip", "link", "set", this.#port, "up"]);
  }

  async startDocker(options: LabOptions["dockerd"] = {}): Promise<void> {
    this.#docker = await startDockerd({ ...options, dir: join(this.dir, "docker"), namespace: this.namespace });
  }

  /** Ends everything that runs in the host, as when its plug is pulled. */
  async close(): Promise<void> {
    await this.namespace.close();
    await this.#docker?.close();
  }
}

/** Several hosts on this machine, joined by a switch, apart from the machine's own network. */
export interface Lab {
  readonly hosts: readonly LabHost[];
  /** Where the switch is: its bridge is called "switch", and all that goes between hosts goes through it. */
  readonly hub: Namespace;
  /** Ends and removes everything: processes, containers, networks, mounts, cgroups, files. */
  close(): Promise<void>;
}

/** Builds `count` hosts named host1, host2, …; what was built is taken down again when it fails. */
export async function createLab(count: number, options: LabOptions = {}): Promise<Lab> {
  if (count < 1 || count > hostLimit) throw new Error(`a lab has 1 to ${hostLimit} hosts, not ${count}`);
  const dir = await mkdtemp(join(tmpdir(), "shoal-lab-"));
  const hosts: LabHost[] = [];
  let hub: Namespace | undefined;
  const close = async (): Promise<void> => {
    await Promise.all(hosts.map(host => host.close()));
    await hub?.close();
    await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  try {
    // A namespace of its own: a dockerd where the bridge is would set FORWARD to DROP and make it deaf.
    hub = await Namespace.create("switch");
    await hub.run(["ip", "link", "add", "switch", "type", "bridge"]);
    await hub.run(["ip", "link", "set", "switch", "up"]);
    for (let number = 1; number <= count; number += 1) hosts.push(await createHost(number, dir, hub));
    if (options.docker ?? true) await Promise.all(hosts.map(host => host.startDocker(options.dockerd)));
    return { hosts, hub, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function createHost(number: number, labDir: string, hub: Namespace): Promise<LabHost> {
  const name = `host${number}`;
  const dir = join(labDir, name);
  await mkdir(dir);
  const namespace = await Namespace.create(name);
  try {
    const host = new LabHost(name, number, dir, namespace, hub);
    await host.connect();
    return host;
  } catch (error) {
    await namespace.close();
    throw error;
  }
}
