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
export type Way = "direct" | "virtual address" | "routing mesh";
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

/** A container on the first node that calls services with one task each, on its own node and on another. */
export class Traffic {
  readonly targets: readonly Target[];
  readonly #host: LabHost;
  readonly #enter: readonly string[];
  readonly #program: string;

  private constructor(targets: readonly Target[], host: LabHost, enter: readonly string[], program: string) {
    this.targets = targets;
    this.#host = host;
    this.#enter = enter;
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
    await create("caller", here, "busybox", "sleep", "1000000");
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
    const [
      {
        Status: { ContainerStatus: { PID = 0 } = {} },
      } = { Status: {} },
    ] = await runningTasks(manager, "caller", 1);
    const traffic = new Traffic(targets, host, ["nsenter", "-t", String(PID), "-n"], programs.caller);
    for (const target of targets)
      await eventually(`${target.place} answers by ${target.way}`, () =>
        traffic.measure("calls", target, 0.1).catch(() => undefined),
      );
    return traffic;
  }

  async measure(mode: Mode, { address, port }: Target, seconds: number): Promise<Turn> {
    const argv = ["/usr/bin/perl", this.#program, modes[mode], address, String(port), String(seconds)];
    const [count = 0, took = 0, used = 0] = (await this.#host.namespace.run([...this.#enter, ...argv]))
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
