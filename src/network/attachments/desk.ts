import { Bell } from "../../lib/bell.ts";
import { asFault, Fault } from "../../lib/fault.ts";
import { type Clock, sleep } from "../../ports/clock.ts";
import { AttachFault, type ContainerNetworks, type ContainerWish } from "../../ports/container-networks.ts";
import type { Logger } from "../../ports/log.ts";
import type { Client, Connection } from "../../ports/transport.ts";
import type { UserContainer, UserContainers } from "../../ports/user-containers.ts";
import type { Network } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ResourceAllocator } from "../../wire/gen/docker/swarmkit/v1/resource_pb.ts";
import type { PlaneNetwork } from "../../wire/gen/shoal/v1/network_pb.ts";
import { networkIdIn, resolverAddress } from "../names.ts";
import type { AttachmentRuntime } from "./attachment-runtime.ts";
import { knownNetwork } from "./known-network.ts";
import { namesOf, type Place, placesOf } from "./place.ts";

/** How long a container waits for a place, in milliseconds. Docker's. */
const patienceMs = 20_000;
/** Before a place is asked for again that a running container has lost. */
const regainPauseMs = 5_000;
/** Networks of every engine's own. */
const builtIn: readonly string[] = ["default", "bridge", "host", "none"];
/** Faults that will not pass: the container has an address that is not its own any more. */
const final: readonly Fault["code"][] = [
  "not_found",
  "permission_denied",
  "failed_precondition",
  "invalid_argument",
  "resource_exhausted",
];

export interface AttachmentDeskOptions {
  readonly nodeId: string;
  readonly containers: UserContainers;
  readonly runtime: AttachmentRuntime;
  /** What the managers say of this node's networks. */
  readonly networks: () => Iterable<PlaneNetwork>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Asks the managers for places for containers that users of this node's engine make: when they are started or connected, and
 * again when one that runs has lost its place: the node was down, or somebody started the container behind this daemon's back.
 */
export class AttachmentDesk implements ContainerNetworks {
  readonly #options: AttachmentDeskOptions;
  readonly #bell = new Bell();
  readonly #closing = new AbortController();
  /** Places that are being asked for again, by container and network. */
  readonly #regaining = new Set<string>();
  #managers: Client<typeof ResourceAllocator> | undefined;

  constructor(options: AttachmentDeskOptions) {
    this.#options = options;
  }

  known(): readonly Network[] {
    return Array.from(this.#options.networks(), knownNetwork);
  }

  /** False once it is closed. */
  get isOpen(): boolean {
    return !this.#closing.signal.aborted;
  }

  /** From now on asks by this connection, until `signal` aborts. */
  follow(connection: Connection, signal: AbortSignal): void {
    const managers = connection.client(ResourceAllocator);
    this.#managers = managers;
    signal.addEventListener("abort", () => {
      if (this.#managers === managers) this.#managers = undefined;
    });
    this.#bell.ring();
  }

  /** Sees to it that running containers keep their places, until `close`. */
  async run(): Promise<void> {
    const { runtime } = this.#options;
    const release = runtime.subscribe(this.#bell);
    while (!this.#closing.signal.aborted) {
      if (this.#managers) for (const place of runtime.lost) void this.#regain(place);
      await this.#bell.wait();
    }
    release();
  }

  close(): void {
    this.#closing.abort();
    this.#bell.ring();
  }

  async nameServersFor(networks: readonly string[]): Promise<readonly string[]> {
    for (const name of networks) if (!(await this.#isEngines(name))) return [resolverAddress];
    return [];
  }

  async starting(reference: string, signal: AbortSignal): Promise<() => void> {
    const { containers, runtime } = this.#options;
    const container = await containers.find(reference);
    if (!container) return () => {};
    const release = runtime.hold(container.id);
    try {
      if (!container.isUp) await this.#placeAll(container, signal);
      return release;
    } catch (error) {
      release();
      // As an engine does with one that it could not start: its user waits for that.
      if (container.removesItself) await containers.remove(container.id);
      throw error;
    }
  }

  async connect(network: string, reference: string, wish: ContainerWish, signal: AbortSignal): Promise<boolean> {
    const { containers, runtime } = this.#options;
    if (await this.#isEngines(network)) return false;
    const container = await containers.find(reference);
    if (!container) return false;
    const release = runtime.hold(container.id);
    try {
      await this.#attach(container, network, wish, signal);
      return true;
    } catch (error) {
      if (asFault(error).code === "not_found") return false;
      throw error;
    } finally {
      release();
    }
  }

  async disconnect(network: string, reference: string): Promise<boolean> {
    const { containers, runtime, nodeId } = this.#options;
    const container = await containers.find(reference);
    if (!container) return false;
    const place = placesOf([container], nodeId).find(({ networkId, networkName, engineNetwork }) =>
      [networkId, networkName, engineNetwork].includes(network),
    );
    const isUnplaced = !place && container.endpoints.has(network) && !(await this.#isEngines(network));
    if (!place && !isUnplaced) return false;
    await containers.disconnect(container.id, place?.engineNetwork ?? network);
    await runtime.look();
    return true;
  }

  /** Places that it had before, and those on networks that its engine does not know. */
  async #placeAll(container: UserContainer, signal: AbortSignal): Promise<void> {
    const places = placesOf([container], this.#options.nodeId);
    for (const { networkId, networkName, wish } of places)
      await this.#attach(container, networkId, wish, signal, networkName);
    for (const [name, { aliases, fixed }] of container.endpoints) {
      const isPlace = networkIdIn(name, this.#options.nodeId) !== undefined;
      if (isPlace || (await this.#isEngines(name))) continue;
      await this.#attach(container, name, { aliases, asked: fixed }, signal).catch(error => {
        // Nobody's network: the engine says so when it starts the container.
        if (asFault(error).code !== "not_found") throw error;
      });
    }
  }

  async #attach(
    container: UserContainer,
    target: string,
    wish: ContainerWish,
    signal: AbortSignal,
    name = target,
  ): Promise<void> {
    const { clock, runtime } = this.#options;
    const managers = this.#managers;
    if (!managers) throw new AttachFault(name, new Fault("unavailable", "no manager can be reached"));
    const late = new AbortController();
    const timer = clock.after(patienceMs, () => late.abort());
    const over = AbortSignal.any([signal, late.signal, this.#closing.signal]);
    try {
      const config = { target, aliases: namesOf(container, wish), addresses: [...wish.asked] };
      const { attachmentId } = await managers.attachNetwork({ config, containerId: container.id }, { signal: over });
      await runtime.started(attachmentId, over).catch(async error => {
        await managers.detachNetwork({ attachmentId }).catch(() => {}); // Its container does not run: it ends all the same.
        throw error;
      });
    } catch (error) {
      throw new AttachFault(
        name,
        over.aborted ? new Fault("deadline_exceeded", "context deadline exceeded") : asFault(error),
      );
    } finally {
      timer.cancel();
    }
  }

  /** Gives a running container another place on its network; takes it off it when there is none for good. */
  async #regain({ container, networkId, networkName, engineNetwork, wish }: Place): Promise<void> {
    const { containers, runtime, clock, log } = this.#options;
    const key = `${container.id} ${networkId}`;
    if (this.#regaining.has(key)) return;
    this.#regaining.add(key);
    try {
      await this.#attach(container, networkId, wish, this.#closing.signal);
      await runtime.look();
      log.info("a container has got its place on a network again", { container: container.name, network: networkName });
    } catch (error) {
      const { code, message: reason } = asFault(error);
      const about = { container: container.name, network: networkName, reason };
      if (final.includes(code)) {
        log.warn("a container is taken off a network on which it has no place any more", about);
        await containers.disconnect(container.id, engineNetwork).catch(() => {}); // It is found again, and tried again.
      } else log.info("a container's place on a network is asked for again", about);
      await sleep(clock, regainPauseMs, this.#closing.signal);
    } finally {
      this.#regaining.delete(key);
      this.#bell.ring();
    }
  }

  async #isEngines(network: string): Promise<boolean> {
    return (
      builtIn.includes(network) || network.startsWith("container:") || this.#options.containers.hasNetwork(network)
    );
  }
}
