import { type Backoff, backoffMs } from "../../lib/backoff.ts";
import { Bell, onAbort } from "../../lib/bell.ts";
import { asFault, Fault } from "../../lib/fault.ts";
import { type Clock, sleep } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import type { UserContainer, UserContainers, UserEndpoint, WantedEndpoint } from "../../ports/user-containers.ts";
import type { EngineClient } from "./client.ts";
import { jsonLines } from "./json-lines.ts";
import { taskIdLabel } from "./labels.ts";
import type { EventMessage } from "./types.ts";

const reconnect: Backoff = { firstMs: 100, longestMs: 5_000 };
/** Even without an event a look is due this often, in milliseconds: an engine drops events of slow readers. */
const resyncPeriodMs = 60_000;
/** What can change whether a container runs, and which places it has. */
const watched = { type: ["container", "network"], event: ["start", "die", "destroy", "connect", "disconnect"] };

/* The parts of the engine's JSON that are looked at. */

interface EndpointAnswer {
  readonly IPAMConfig?: { readonly IPv4Address?: string; readonly IPv6Address?: string } | null;
  readonly Aliases?: readonly string[] | null;
  readonly DriverOpts?: Readonly<Record<string, string>> | null;
  readonly IPAddress?: string;
  readonly GlobalIPv6Address?: string;
}

type Endpoints = Readonly<Record<string, EndpointAnswer>> | null;

interface ContainerLine {
  readonly Id: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly NetworkSettings?: { readonly Networks?: Endpoints } | null;
}

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Running: boolean; readonly Restarting: boolean };
  readonly HostConfig: { readonly AutoRemove?: boolean; readonly Dns?: readonly string[] | null };
  readonly Config: { readonly Labels: Readonly<Record<string, string>> | null };
  readonly NetworkSettings: { readonly Networks?: Endpoints };
}

export interface EngineUserContainersOptions {
  readonly client: Pick<EngineClient, "json" | "stream">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The containers of a Docker Engine that no service made. */
export class EngineUserContainers implements UserContainers {
  readonly #options: EngineUserContainersOptions;

  constructor(options: EngineUserContainersOptions) {
    this.#options = options;
  }

  /** Lists say less of a container's places than a look at each does. */
  async on(prefix: string): Promise<UserContainer[]> {
    const lines = (await this.#get("/containers/json", { all: "1" })) as ContainerLine[] | undefined;
    const there = (lines ?? []).filter(({ NetworkSettings }) =>
      Object.keys(NetworkSettings?.Networks ?? {}).some(name => name.startsWith(prefix)),
    );
    const users = there.filter(({ Labels }) => !isTask(Labels));
    const found = await Promise.all(users.map(({ Id }) => this.find(Id)));
    return found.flatMap(container => container ?? []);
  }

  async find(reference: string): Promise<UserContainer | undefined> {
    const answer = (await this.#getIfThere(`/containers/${encodeURIComponent(reference)}/json`)) as
      | Inspected
      | undefined;
    if (!answer || isTask(answer.Config.Labels)) return undefined;
    const { Id: id, Name, State, HostConfig, NetworkSettings } = answer;
    const endpoints = Object.entries(NetworkSettings.Networks ?? {}).map(
      ([name, each]) => [name, endpoint(each)] as const,
    );
    return {
      id,
      name: Name.replace(/^\//, ""),
      isUp: State.Running || State.Restarting,
      removesItself: HostConfig.AutoRemove ?? false,
      nameServers: HostConfig.Dns ?? [],
      endpoints: new Map(endpoints),
    };
  }

  async hasNetwork(reference: string): Promise<boolean> {
    return (await this.#getIfThere(`/networks/${encodeURIComponent(reference)}`)) !== undefined;
  }

  async connect(containerId: string, network: string, { fixed, mac, aliases, options }: WantedEndpoint): Promise<void> {
    const IPv4Address = fixed.find(address => !address.includes(":"));
    const IPv6Address = fixed.find(address => address.includes(":"));
    const IPAMConfig = { ...(IPv4Address && { IPv4Address }), ...(IPv6Address && { IPv6Address }) };
    const EndpointConfig = { IPAMConfig, ...(mac && { MacAddress: mac }), Aliases: aliases, DriverOpts: options };
    await this.#post(network, "connect", { Container: containerId, EndpointConfig });
  }

  async disconnect(containerId: string, network: string): Promise<void> {
    try {
      await this.#post(network, "disconnect", { Container: containerId, Force: true });
    } catch (error) {
      const { code, message } = asFault(error);
      if (code !== "not_found" && !message.includes("is not connected to")) throw error;
    }
  }

  async remove(containerId: string): Promise<void> {
    try {
      await this.#options.client.json("DELETE", `/containers/${encodeURIComponent(containerId)}`, {
        query: { v: "1" },
      });
    } catch (error) {
      if (asFault(error).code !== "not_found") throw error;
    }
  }

  async *changes(signal: AbortSignal): AsyncGenerator<void, void> {
    const bell = new Bell();
    const unhook = onAbort(signal, () => bell.ring());
    const following = this.#follow(() => bell.ring(), signal);
    try {
      for (; !signal.aborted; await bell.wait()) yield;
    } finally {
      unhook();
      await following;
    }
  }

  async #follow(ring: () => void, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await this.#read(ring, signal, () => {
          attempt = 0;
          ring();
        });
      } catch (error) {
        if (!signal.aborted) log.debug("the engine's events are out of reach", { reason: asFault(error).message });
      }
      await sleep(clock, backoffMs(reconnect, Math.max(attempt, 1), random.float()), signal);
    }
  }

  async #read(ring: () => void, signal: AbortSignal, onOpen: () => void): Promise<void> {
    const query = { filters: JSON.stringify(watched) };
    const stream = await this.#options.client.stream("GET", "/events", { query, signal });
    const over = new AbortController();
    void this.#resync(ring, over.signal);
    try {
      onOpen();
      for await (const line of jsonLines(stream)) if (!isOfTask(line as EventMessage)) ring();
    } finally {
      over.abort();
    }
  }

  async #resync(ring: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#options.clock, resyncPeriodMs, signal);
      ring();
    }
  }

  #get(path: string, query: Readonly<Record<string, string>>): Promise<unknown> {
    return this.#options.client.json("GET", path, { query });
  }

  async #getIfThere(path: string): Promise<unknown> {
    try {
      return await this.#options.client.json("GET", path);
    } catch (error) {
      if (error instanceof Fault && error.code === "not_found") return undefined;
      throw error;
    }
  }

  async #post(network: string, operation: "connect" | "disconnect", body: object): Promise<void> {
    await this.#options.client.json("POST", `/networks/${encodeURIComponent(network)}/${operation}`, { body });
  }
}

function isTask(labels: ContainerLine["Labels"]): boolean {
  return Object.hasOwn(labels ?? {}, taskIdLabel);
}

/** Networks' events do not tell: those of tasks are heeded too. */
function isOfTask({ Actor }: EventMessage): boolean {
  return Object.hasOwn(Actor.Attributes, taskIdLabel);
}

function endpoint({ IPAMConfig, Aliases, DriverOpts, ...now }: EndpointAnswer): UserEndpoint {
  const given = (...addresses: (string | undefined)[]): string[] => addresses.flatMap(address => address || []);
  return {
    fixed: given(IPAMConfig?.IPv4Address, IPAMConfig?.IPv6Address),
    aliases: Aliases ?? [],
    options: DriverOpts ?? {},
    addresses: given(now.IPAddress, now.GlobalIPv6Address),
  };
}
