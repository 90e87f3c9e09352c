import { onAbort } from "../../lib/bell.ts";
import { asFault, Fault } from "../../lib/fault.ts";
import { Gate } from "../../lib/gate.ts";
import { type Task, taskName } from "../../model/task.ts";
import { fromDuration } from "../../model/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import type { Instance, LogLine, LogOptions, MeasuredTask, Runtime, TaskDependencies } from "../../ports/runtime.ts";
import type { NodeDescription } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { EngineClient } from "./client.ts";
import { containerConfig, containerSpec, graceSeconds, networkMode } from "./container-config.ts";
import { ContainerEvents } from "./container-events.ts";
import { containerLogs } from "./container-logs.ts";
import { toInstance } from "./container-state.ts";
import { ContainerUsage } from "./container-usage.ts";
import { Containers } from "./containers.ts";
import { parseEndpoint } from "./endpoint.ts";
import { type GivenFile, givenFiles } from "./file-mounts.ts";
import { ImagePuller, type PullLimits, type PullWaiter, pullLimits } from "./images.ts";
import { type NodeSettings, nodeDescription, withoutOverlays } from "./node-description.ts";
import { defaultFileRoots, TaskFiles } from "./task-files.ts";
import { type TaskEndpoint, type TaskNetworks, taskEndpoints } from "./task-networks.ts";
import type { ContainerAnswer, ContainerCreate, EngineInfo } from "./types.ts";

/**
 * Creates, starts and removals that an engine is given at once. Measured with 50 containers on two cores: 4 at once
 * leave it idle now and then, from 8 to 16 make no difference, with 24 and more they only get in each other's way.
 */
const engineOperations = 12;
/** Docker's own grace period where the spec has none, in milliseconds. */
const defaultGraceMs = 10_000;
/** How soon a container is looked at again after the engine could not be reached, in milliseconds. */
const lookAgainMs = 1_000;

export interface DockerRuntimeOptions extends NodeSettings {
  /** Where the engine listens: `unix:///var/run/docker.sock`, `tcp://host:port`. */
  readonly endpoint: string;
  /** Only containers labelled with it are touched. */
  readonly nodeId: string;
  /** Labels that every container gets besides its spec's. */
  readonly containerLabels?: Readonly<Record<string, string>>;
  /** The address that host-mode ports are published on; all addresses without one. */
  readonly publishAddress?: string;
  /** Where secrets and configs lie, in order of preference; each must be in memory. */
  readonly fileRoots?: readonly string[];
  /** The swarm's networks on this node; none without. */
  readonly networks?: TaskNetworks;
  readonly pullLimits?: PullLimits;
  /** Creates, starts and removals at once. */
  readonly concurrency?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Runs tasks as containers of a Docker Engine in single-engine mode. */
export class DockerRuntime implements Runtime {
  readonly kind = "docker";
  readonly #options: DockerRuntimeOptions;
  readonly #client: EngineClient;
  readonly #containers: Containers;
  readonly #events: ContainerEvents;
  readonly #images: ImagePuller;
  readonly #files: TaskFiles;
  readonly #usage: ContainerUsage;
  readonly #gate: Gate;
  readonly #preparing = new Set<string>();

  constructor(options: DockerRuntimeOptions) {
    const { nodeId, clock, random, log } = options;
    this.#options = options;
    this.#client = new EngineClient(parseEndpoint(options.endpoint), clock);
    this.#containers = new Containers(this.#client, nodeId);
    this.#events = new ContainerEvents({ client: this.#client, nodeId, clock, random, log });
    this.#images = new ImagePuller(this.#client, clock, options.pullLimits ?? pullLimits);
    this.#files = new TaskFiles(nodeId, options.fileRoots ?? defaultFileRoots);
    this.#usage = new ContainerUsage(this.#client, nodeId);
    this.#gate = new Gate(options.concurrency ?? engineOperations);
  }

  async describe(): Promise<NodeDescription> {
    const description = nodeDescription((await this.#client.json("GET", "/info")) as EngineInfo, this.#options);
    return this.#options.networks?.available ? description : withoutOverlays(description);
  }

  async list(): Promise<Instance[]> {
    const instances = (await this.#containers.list()).map(toInstance);
    await this.#sweepFiles(instances);
    return instances;
  }

  async inspect(taskId: string): Promise<Instance | undefined> {
    const container = await this.#containers.inspect(taskId);
    const instance = container && toInstance(container);
    // It stays for its log alone and is never started again: its secrets have no business here any more.
    if (instance?.state === "exited") await this.#files.remove(taskId);
    return instance;
  }

  async prepare(
    task: Task,
    dependencies: TaskDependencies,
    progress: (message: string) => void,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Instance> {
    this.#preparing.add(task.id);
    try {
      const files = givenFiles(containerSpec(task), dependencies);
      const endpoints = taskEndpoints(task, this.#options.nodeId, this.#options.networks ?? noNetworks);
      const instance = await this.#made(task, () => this.#create(task, files, endpoints, { progress, signal }));
      if (instance.state === "created") await this.#connect(task, instance.containerId, endpoints);
      return instance;
    } finally {
      this.#preparing.delete(task.id);
    }
  }

  async start(task: Task): Promise<Instance> {
    return this.#gate.run(async () => {
      const id = this.#containers.unstarted(task.id);
      const before = id === undefined ? await this.inspect(task.id) : created(task.id, id);
      if (!before) throw new Fault("failed_precondition", `starting container failed: No such container: ${task.id}`);
      // One that has run to its end must not run a second time because a report was lost.
      if (before.state !== "created") return before;
      try {
        await this.#containers.start(before.containerId);
      } catch (error) {
        throw startFault(error);
      }
      const after = await this.inspect(task.id);
      if (!after) throw new Fault("aborted", `starting container failed: ${before.containerId} was removed`);
      return after;
    });
  }

  async changed(taskId: string, seen: Instance, signal: AbortSignal): Promise<Instance | undefined> {
    const { bell, release } = this.#events.subscribe(taskId);
    const forget = onAbort(signal, () => bell.ring());
    try {
      while (!signal.aborted) {
        const now = await this.#look(taskId, seen, () => bell.ring());
        if (!now || differs(now, seen)) return now;
        await bell.wait();
      }
      return seen;
    } finally {
      forget();
      release();
    }
  }

  async stop(task: Task): Promise<void> {
    const id = await this.#containers.find(task.id);
    if (id === undefined) return;
    const graceMs = fromDuration(containerSpec(task).stopGracePeriod) ?? defaultGraceMs;
    await this.#containers.stop(id, graceSeconds(graceMs));
  }

  async remove(taskId: string): Promise<void> {
    await this.#gate.run(() => this.#containers.remove(taskId));
    await this.#files.remove(taskId);
  }

  async *logs(taskId: string, options: LogOptions): AsyncGenerator<LogLine, void> {
    const container = await this.#containerToRead(taskId, options);
    yield* containerLogs(this.#client, { id: container.Id, tty: container.Config.Tty }, options);
  }

  usage(): Promise<readonly MeasuredTask[]> {
    return this.#usage.measure();
  }

  async close(): Promise<void> {
    await this.#events.close();
    this.#client.close();
  }

  /** One that was made before, by a daemon that ended before it could note it, is as good. */
  async #made(task: Task, create: () => Promise<string>): Promise<Instance> {
    try {
      return created(task.id, await create());
    } catch (error) {
      const there = isFault(error, "already_exists") && (await this.inspect(task.id));
      if (there) return there;
      throw error;
    }
  }

  /** The places that the container was not made with. */
  async #connect(task: Task, containerId: string, endpoints: readonly TaskEndpoint[]): Promise<void> {
    const first = networkMode(task, endpoints);
    if (first === "host" || first === "none") return;
    for (const { network, settings } of endpoints)
      if (network !== first) await this.#containers.connect(containerId, network, settings);
  }

  /** Prefers the image that is there; pulls only when it is not. */
  async #create(
    task: Task,
    files: readonly GivenFile[],
    endpoints: readonly TaskEndpoint[],
    waiter: PullWaiter,
  ): Promise<string> {
    const create = (): Promise<string> =>
      this.#gate.run(async () => {
        if (waiter.signal.aborted) throw new Fault("cancelled", `Task ${task.id} is no longer wanted`);
        const config = await this.#config(task, files, endpoints);
        return this.#containers.create(task.id, taskName(task), config);
      });
    try {
      return await create();
    } catch (error) {
      if (!isFault(error, "not_found") || !error.message.startsWith("No such image")) throw error;
      const { image, pullOptions } = containerSpec(task);
      const refused = await this.#images
        .pull(image, pullOptions?.registryAuth ?? "", waiter)
        .then(() => undefined, asFault);
      if (!refused) return await create();
      if (refused.code === "unavailable" || refused.code === "cancelled") throw refused;
      this.#options.log.warn("pulling an image failed", { image, reason: refused.message });
      throw new Fault("not_found", `${error.message} (pull: ${refused.message})`, { cause: refused });
    }
  }

  async #config(task: Task, files: readonly GivenFile[], endpoints: readonly TaskEndpoint[]): Promise<ContainerCreate> {
    const { nodeId, containerLabels: labels = {}, publishAddress = "", networks = noNetworks } = this.#options;
    const ids = endpoints.map(({ networkId }) => networkId);
    const nameServers = networks.available ? networks.nameServers(ids) : [];
    const { ApiVersion: engineApi } = await this.#client.version();
    const written = await this.#files.write(task.id, files);
    const place = { nodeId, labels, engineApi, publishAddress, files: written, endpoints, nameServers };
    return containerConfig(task, place);
  }

  /** Waits for a start when it is to be followed: the engine ends the log of what has not begun at once. */
  async #containerToRead(taskId: string, { follow, signal }: LogOptions): Promise<ContainerAnswer> {
    for (;;) {
      const container = await this.#containers.inspect(taskId);
      if (!container) throw new Fault("not_found", `No such container: ${taskId}`);
      const seen = toInstance(container);
      if (!follow || signal.aborted || seen.state !== "created") return container;
      await this.changed(taskId, seen, signal);
    }
  }

  /** The container now; what was seen before while the engine cannot be reached, and then soon another look. */
  async #look(taskId: string, seen: Instance, again: () => void): Promise<Instance | undefined> {
    try {
      return await this.inspect(taskId);
    } catch (error) {
      if (!isFault(error, "unavailable")) throw error;
      this.#options.clock.after(lookAgainMs, again);
      return seen;
    }
  }

  /** Removes the files that no container needs any more: left by a daemon that ended while removing them. */
  async #sweepFiles(listed: readonly Instance[]): Promise<void> {
    const states = new Map(listed.map(({ taskId, state }) => [taskId, state]));
    for (const taskId of await this.#files.tasks()) {
      const mayBeMade = this.#containers.knows(taskId) || this.#preparing.has(taskId);
      const isNeeded = states.has(taskId) ? states.get(taskId) !== "exited" : mayBeMade;
      if (!isNeeded) await this.#files.remove(taskId);
    }
  }
}

const noNetworks: TaskNetworks = { available: false, reason: "its daemon makes none" };

function created(taskId: string, containerId: string): Instance {
  return { taskId, containerId, state: "created", health: "none", pid: 0, exitCode: 0, error: "", ports: [] };
}

function differs(now: Instance, seen: Instance): boolean {
  return now.state !== seen.state || now.health !== seen.health || now.containerId !== seen.containerId;
}

function isFault(error: unknown, code: Fault["code"]): error is Fault {
  return error instanceof Fault && error.code === code;
}

/** A start that failed is a failed task (never a rejected one), unless the engine only was away. */
function startFault(error: unknown): Fault {
  const fault = asFault(error);
  if (fault.code === "unavailable") return fault;
  return new Fault("aborted", `starting container failed: ${fault.message}`, { cause: fault });
}
