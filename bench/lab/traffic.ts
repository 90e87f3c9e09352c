import { eventually } from "../../test/lab/command.ts";
import type { Daemon } from "../../test/lab/daemon.ts";
import type { LabHost } from "../../test/lab/lab.ts";
import type { OverlaySwarm } from "../../test/lab/overlay-swarm.ts";
import { perlFlags } from "../../test/lab/peer-programs.ts";
import { runningTasks } from "../../test/lab/services.ts";
import { writeTrafficPrograms } from "./traffic-programs.ts";

/** What is measured: new calls, requests on one connection, bytes on one connection. */
export const modes = { calls: "c", requests: "r", bytes: "b" } as const;
export type Mode = keyof typeof modes;

/** Ways from one container to another: to its own address, by the service's virtual one, by a published port of the caller's node. */
const ways = ["direct", "virtual address", "routing mesh"] as const;
export type Way = (typeof ways)[number];
export type Place = "same node" | "other node";

interface Target {
  readonly place: Place;
  readonly way: Way;
  readonly address: string;
  readonly port: number;
}

/** What was done in a turn, and what it took both ends together. */
export interface Turn {
  /** Calls, requests or bytes. */
  readonly count: number;
  readonly seconds: number;
  readonly processorSeconds: number;
}

const serverPort = 9_000;

/**
 * Containers on the first node that call services with one task each, on their own node and on another: one for each way, for who
 * calls a task by several ways thousands of times a second meets his own ports that are not free again yet.
 */
export class Traffic {
  readonly targets: readonly Target[];
  readonly #host: LabHost;
  readonly #callers: ReadonlyMap<Way, number>;
  readonly #program: string;

  private constructor(targets: readonly Target[], host: LabHost, callers: ReadonlyMap<Way, number>, program: string) {
    this.targets = targets;
    this.#host = host;
    this.#callers = callers;
    this.#program = program;
  }

  static async prepare({ manager, lab, client, daemons }: OverlaySwarm): Promise<Traffic> {
    const programs = writeTrafficPrograms(client.dir);
    const [here, there] = daemons.map(({ options }) => options.hostname);
    const [host] = lab.hosts;
    if (!host || here === undefined || there === undefined) throw new Error("traffic goes between two nodes");
    await manager.dockerOk("network", "create", "--driver", "overlay", "traffic");
    const create = (name: string, on: string, ...flags: string[]) => {
      const place = ["--name", name, "--network", "traffic", "--constraint", `node.hostname==${on}`];
      return manager.dockerOk("service", "create", "--detach", ...place, ...flags);
    };
    await create("caller", here, "--replicas", String(ways.length), "busybox", "sleep", "1000000");
    const targets: Target[] = [];
    for (const [place, on, port] of [["same node", here, 8_001] as const, ["other node", there, 8_002] as const]) {
      const name = place.replace(" ", "-");
      await create(name, on, "--publish", `${port}:${serverPort}`, ...perlFlags(programs.server));
      const { own, virtual } = await addressesOf(manager, name);
      targets.push(
        { place, way: "direct", address: own, port: serverPort },
        { place, way: "virtual address", address: virtual, port: serverPort },
        { place, way: "routing mesh", address: host.address, port },
      );
    }
    const tasks = await runningTasks(manager, "caller", ways.length);
    const callers = new Map(ways.map((way, at) => [way, tasks[at]?.Status.ContainerStatus?.PID ?? 0]));
    const traffic = new Traffic(targets, host, callers, programs.caller);
    for (const target of targets)
      await eventually(`${target.place} answers by ${target.way}`, () =>
        traffic.measure("calls", target, 0.1).catch(() => undefined),
      );
    return traffic;
  }

  /** The processor seconds are those of the caller's and the service's programs. */
  async measure(mode: Mode, { way, address, port }: Target, seconds: number): Promise<Turn> {
    const enter = ["nsenter", "-t", String(this.#callers.get(way)), "-n"];
    const argv = ["/usr/bin/perl", this.#program, modes[mode], address, String(port), String(seconds)];
    const [count = 0, took = 0, used = 0] = (await this.#host.namespace.run([...enter, ...argv]))
      .split(" ")
      .map(Number);
    return { count, seconds: took, processorSeconds: used };
  }
}

/** The one task's address on the network and the service's virtual one. */
async function addressesOf(manager: Daemon, service: string): Promise<{ own: string; virtual: string }> {
  interface Attachment {
    readonly Network: { readonly ID: string; readonly Spec: { readonly Name: string } };
    readonly Addresses: readonly string[];
  }
  const [task] = (await runningTasks(manager, service, 1)) as readonly { readonly ID: string }[];
  const { NetworksAttachments } = (await manager.apiOk("GET", `/tasks/${task?.ID}`)) as {
    readonly NetworksAttachments: readonly Attachment[];
  };
  const own = NetworksAttachments.find(({ Network }) => Network.Spec.Name === "traffic");
  const { Endpoint } = (await manager.apiOk("GET", `/services/${service}`)) as {
    readonly Endpoint: { readonly VirtualIPs: readonly { readonly NetworkID: string; readonly Addr: string }[] };
  };
  const virtual = Endpoint.VirtualIPs.find(({ NetworkID }) => NetworkID === own?.Network.ID);
  const bare = (address = ""): string => address.split("/")[0] ?? "";
  return { own: bare(own?.Addresses[0]), virtual: bare(virtual?.Addr) };
}
