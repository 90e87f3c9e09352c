import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { Fault } from "../../lib/fault.ts";
import { Gate } from "../../lib/gate.ts";
import { isIngress, isOverlay } from "../../model/network.ts";
import type { Task } from "../../model/task.ts";
import { Departures } from "../../network/departures.ts";
import { drainMs } from "../../network/drain.ts";
import { followFeed } from "../../network/feed.ts";
import { applyMessage, emptyPlane } from "../../network/plane-state.ts";
import { type Clock, sleep } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import type { Instance, LogLine, LogOptions, MeasuredTask, Runtime, TaskDependencies } from "../../ports/runtime.ts";
import type { Connection } from "../../ports/transport.ts";
import type { GenericResource, NodeDescription } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { NetworkMessage } from "../../wire/gen/shoal/v1/network_pb.ts";
import { Cgroups } from "./cgroups.ts";
import { describeNode } from "./describe.ts";
import { EmbeddedTask } from "./embedded-task.ts";
import { IoWatch } from "./io-watch.ts";
import { findIsolation, type Isolation } from "./isolation.ts";
import { Launcher } from "./launcher.ts";
import { LocalPorts } from "./local-ports.ts";
import { MeshPorts, type MeshPortsOptions } from "./mesh-ports.ts";
import { containerSpecOf, makePlan, type Plan } from "./plan.ts";
import { treeUsage } from "./process-usage.ts";
import { PublishedPorts } from "./published-ports.ts";
import { lowestPort, ServiceNames } from "./service-names.ts";
import { installShim } from "./shim.ts";
import { TaskFileStore } from "./task-files.ts";
import { defaultLogLimits, type LogLimits, TaskLog } from "./task-log.ts";
import { type Layout, layoutOf } from "./task-paths.ts";
import type { TaskWorld } from "./task-world.ts";
import { Waiters } from "./waiters.ts";

export interface EmbeddedRuntimeOptions {
  /** Where tasks are kept; each node id has a directory of its own in it. */
  readonly directory: string;
  readonly nodeId: string;
  readonly hostname: string;
  /** Shoal's version. */
  readonly version: string;
  /** The address this node publishes ports on; "" for all. Asked when a port is published. */
  readonly advertiseAddress: () => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly labels: Readonly<Record<string, string>>;
  readonly genericResources: readonly GenericResource[];
  /** Found out when left out. */
  readonly isolation?: Isolation;
  readonly logLimits?: LogLimits;
}

/** Tasks taken over at a time when the daemon starts. */
const adoptedAtOnce = 32;
/** Tasks measured before others get their turn: a few milliseconds of looking. */
const measuredAtOnce = 50;
/**
 * Tasks prepared and started at a time: each opens files and starts processes. That keeps half of the processors busy, and more at a
 * time would only let everything else wait.
 */
const launchedAtOnce = Math.max(1, Math.floor(availableParallelism() / 2));

/** Opens the embedded runtime: tasks are processes of this machine. Takes over what an earlier daemon left running. */
export async function embeddedRuntime(options: EmbeddedRuntimeOptions): Promise<EmbeddedRuntime> {
  const layout = layoutOf(join(options.directory, options.nodeId));
  for (const directory of [layout.tasks, layout.io]) await mkdir(directory, { recursive: true, mode: 0o700 });
  const waiters = new Waiters();
  const world: TaskWorld = {
    clock: options.clock,
    log: options.log,
    isolation: options.isolation ?? (await findIsolation()),
    shim: await installShim(options.directory),
    launcher: new Launcher(),
    cgroups: Cgroups.open(options.nodeId, options.log),
    files: await TaskFileStore.open(options.nodeId, options.log),
    localPorts: new LocalPorts(options.random),
    names: new ServiceNames({ ...options, lowestPort: lowestPort() }),
    publishedPorts: new PublishedPorts({ address: options.advertiseAddress, clock: options.clock }),
    changed: taskId => waiters.wake(taskId),
  };
  const runtime = new EmbeddedRuntime(options, layout, world, waiters);
  await runtime.adopt();
  return runtime;
}

export class EmbeddedRuntime implements Runtime {
  readonly kind = "embedded";
  readonly #options: EmbeddedRuntimeOptions;
  readonly #layout: Layout;
  readonly #world: TaskWorld;
  readonly #waiters: Waiters;
  readonly #tasks = new Map<string, EmbeddedTask>();
  readonly #gate = new Gate(launchedAtOnce);
  readonly #watch: IoWatch;
  readonly #mesh: MeshPorts;
  readonly #closing = new AbortController();
  readonly #departures: Departures;

  /** Use `embeddedRuntime`. */
  constructor(options: EmbeddedRuntimeOptions, layout: Layout, world: TaskWorld, waiters: Waiters) {
    this.#options = options;
    this.#layout = layout;
    this.#world = world;
    this.#waiters = waiters;
    this.#watch = new IoWatch(layout.io, this.#tasks, world);
    this.#departures = new Departures(options);
    const named: MeshPortsOptions["named"] = (...now) => world.names.follow(...now);
    this.#mesh = new MeshPorts({ ...options, address: options.advertiseAddress, named });
  }

  /** Takes over the tasks on disk and removes what belongs to none. */
  async adopt(): Promise<void> {
    const ids = await readdir(this.#layout.tasks);
    for (let at = 0; at < ids.length; at += adoptedAtOnce)
      await Promise.all(ids.slice(at, at + adoptedAtOnce).map(taskId => this.#adoptOne(taskId)));
    await this.#world.files.sweep(new Set(this.#tasks.keys()));
    await this.#watch.sweep();
    this.#watch.start();
  }

  async describe(): Promise<NodeDescription> {
    const { hostname, version, labels, genericResources } = this.#options;
    const { isolation, cgroups } = this.#world;
    const own = { isolation, cgroups: cgroups.version, names: this.#world.names.door };
    return describeNode({ hostname, version, labels, genericResources, ...own });
  }

  async list(): Promise<Instance[]> {
    return this.tasks().map(task => task.instance);
  }

  /** Every task there is, for the answers of the engine's API. */
  tasks(): EmbeddedTask[] {
    return [...this.#tasks.values()];
  }

  async inspect(taskId: string): Promise<Instance | undefined> {
    const task = this.#tasks.get(taskId);
    await task?.look();
    return task?.instance;
  }

  prepare(
    task: Task,
    dependencies: TaskDependencies,
    _progress: (message: string) => void,
    signal?: AbortSignal,
  ): Promise<Instance> {
    return this.#gate.run(async () => {
      if (signal?.aborted) throw new Fault("cancelled", `Task ${task.id} is no longer wanted`);
      return this.#tasks.get(task.id)?.instance ?? (await this.#prepare(task, dependencies));
    });
  }

  async #prepare(task: Task, dependencies: TaskDependencies): Promise<Instance> {
    const users = {
      passwd: await readFile("/etc/passwd", "utf8").catch(() => ""),
      group: await readFile("/etc/group", "utf8").catch(() => ""),
    };
    const { nodeId, hostname, clock } = this.#options;
    const handedOut: number[] = [];
    const localPort = async (protocol: "tcp" | "udp"): Promise<number> => {
      const port = await this.#world.localPorts.allocate(protocol);
      handedOut.push(port);
      return port;
    };
    try {
      const plan = await makePlan(task, { nodeId, hostname, users }, clock.now(), localPort);
      await this.#world.files.write(task.id, containerSpecOf(task), dependencies);
      const nameAddress = hasNames(task) ? this.#world.names.hold(task.id) : undefined;
      return (await this.#create(nameAddress === undefined ? plan : { ...plan, nameAddress })).instance;
    } catch (error) {
      this.#world.names.letGo(task.id);
      this.#world.localPorts.release(handedOut);
      await this.#world.files.remove(task.id);
      throw error;
    }
  }

  async start(task: Task): Promise<Instance> {
    const known = this.#tasks.get(task.id);
    if (!known) throw new Fault("failed_precondition", `Cannot start task ${task.id}: it was not prepared here`);
    await this.#gate.run(() => known.start());
    return known.instance;
  }

  async changed(taskId: string, seen: Instance, signal: AbortSignal): Promise<Instance | undefined> {
    for (;;) {
      const instance = this.#tasks.get(taskId)?.instance;
      if (!instance || signal.aborted || instance.state !== seen.state || instance.health !== seen.health)
        return instance;
      await this.#waiters.wait(taskId, signal);
    }
  }

  /** New callers are sent elsewhere first: then those that are still there get time to finish. */
  async stop(task: Task): Promise<void> {
    const known = this.#tasks.get(task.id);
    if (known?.instance.state === "running" && known.instance.health !== "unhealthy") {
      this.#mesh.leave(task.id);
      await this.#drain(task);
    }
    await known?.stop();
  }

  followNetworks(connection: Connection, sessionId: string, signal: AbortSignal): Promise<void> {
    let plane = emptyPlane;
    const receive = async (message: NetworkMessage): Promise<boolean> => {
      plane = applyMessage(plane, message);
      this.#mesh.follow(plane);
      return true;
    };
    const unserved = (reason: string): void =>
      this.#options.log.warn("ports that services publish are not served on this node", { reason });
    this.#departures.follow(connection, sessionId);
    return followFeed(connection, sessionId, signal, { ...this.#options, receive, unserved });
  }

  async remove(taskId: string): Promise<void> {
    await this.#tasks.get(taskId)?.remove();
    this.#tasks.delete(taskId);
    this.#world.names.letGo(taskId);
    this.#waiters.wake(taskId);
  }

  async *logs(taskId: string, options: LogOptions): AsyncGenerator<LogLine, void> {
    const task = this.#tasks.get(taskId);
    if (!task) throw new Fault("not_found", `No such container: ${taskId}`);
    yield* task.log.read(options);
  }

  async usage(): Promise<readonly MeasuredTask[]> {
    const measured: MeasuredTask[] = [];
    for (const [at, { instance }] of this.tasks().entries()) {
      const usage = instance.state === "running" ? treeUsage(instance.pid) : undefined;
      if (usage) measured.push({ taskId: instance.taskId, ...usage });
      if (at % measuredAtOnce === measuredAtOnce - 1) await sleep(this.#options.clock, 0, this.#closing.signal);
    }
    return measured;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#watch.close();
    this.#mesh.close();
    this.#world.publishedPorts.close();
    for (const task of this.#tasks.values()) task.close();
    this.#waiters.wakeAll();
    await this.#world.names.close();
    await this.#world.launcher.close();
  }

  async #drain(task: Task): Promise<void> {
    const ms = drainMs(task);
    if (ms === 0) return;
    await this.#departures.left(task.id, this.#closing.signal);
    await sleep(this.#options.clock, ms, this.#closing.signal);
  }

  async #create(plan: Plan): Promise<EmbeddedTask> {
    const paths = this.#layout.task(plan.taskId);
    await mkdir(paths.work, { recursive: true, mode: 0o755 });
    await writeFile(`${paths.plan}.draft`, JSON.stringify(plan), { mode: 0o600 });
    await rename(`${paths.plan}.draft`, paths.plan);
    return this.#open(plan);
  }

  async #adoptOne(taskId: string): Promise<void> {
    const paths = this.#layout.task(taskId);
    const text = await readFile(paths.plan, "utf8").catch(() => undefined);
    if (text === undefined) {
      // Its preparation was cut short, or its removal.
      await rm(dirname(paths.plan), { recursive: true, force: true });
      return;
    }
    const task = await this.#open(JSON.parse(text) as Plan);
    await task.adopt();
  }

  async #open(plan: Plan): Promise<EmbeddedTask> {
    const paths = this.#layout.task(plan.taskId);
    const log = await TaskLog.open(paths, this.#options.logLimits ?? defaultLogLimits, this.#world.log);
    if (plan.nameAddress !== undefined) this.#world.names.hold(plan.taskId, plan.nameAddress);
    const task = new EmbeddedTask(this.#world, plan, paths, log);
    this.#tasks.set(plan.taskId, task);
    return task;
  }
}

/** Whether the task is on a network where names mean something. */
function hasNames({ networks }: Task): boolean {
  return networks.some(({ network }) => network !== undefined && isOverlay(network) && !isIngress(network));
}
