import { Fault } from "../lib/fault.ts";
import type { Task } from "../model/task.ts";
import { fromDuration } from "../model/time.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Instance, LogLine, LogOptions, MeasuredTask, Runtime, TaskDependencies } from "../ports/runtime.ts";
import type { NodeDescription } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { SimContainer, SimMachine } from "./machine.ts";

const defaultGraceMs = 10_000;
/** What every simulated container holds, bytes. */
const memoryBytes = 16 * 1024 * 1024;

/** One daemon's view of a simulated machine. After a restart of the daemon there is a new view of the same machine. */
export class SimRuntime implements Runtime {
  readonly kind = "sim";
  readonly #machine: SimMachine;
  readonly #nodeId: string;
  readonly #clock: Clock;
  /** What the last `prepare` of each task was given, for tests to look at. */
  readonly given = new Map<string, TaskDependencies>();

  /** `clock` is the daemon's own, for what ends with it: a download is broken off when the daemon is killed. */
  constructor(machine: SimMachine, nodeId: string, clock = machine.clock) {
    this.#machine = machine;
    this.#nodeId = nodeId;
    this.#clock = clock;
  }

  async describe(): Promise<NodeDescription> {
    this.#machine.ask("describe");
    return this.#machine.description;
  }

  async list(): Promise<Instance[]> {
    this.#machine.ask("list");
    const own = [...this.#machine.containers.values()].filter(each => each.nodeId === this.#nodeId);
    return own.map(each => each.instance);
  }

  async inspect(taskId: string): Promise<Instance | undefined> {
    this.#machine.ask(`inspect ${taskId}`);
    return this.#find(taskId)?.instance;
  }

  async prepare(
    task: Task,
    dependencies: TaskDependencies,
    progress: (message: string) => void,
    signal?: AbortSignal,
  ): Promise<Instance> {
    this.#machine.ask(`prepare ${task.id}`);
    this.given.set(task.id, dependencies);
    const found = this.#find(task.id);
    if (found) return found.instance;
    if (task.spec.runtime.case !== "container") throw new Fault("invalid_argument", "only containers can be run");
    const { image, secrets } = task.spec.runtime.value;
    for (const { secretId, secretName } of secrets)
      if (!dependencies.secret(secretId)) throw new Fault("not_found", `secret not found: ${secretName}`);
    const prepareMs = this.#machine.images.get(image)?.prepareMs ?? 0;
    if (prepareMs > 0) {
      progress(`downloading ${image}`);
      await sleep(this.#clock, prepareMs, signal);
      if (signal?.aborted) throw new Fault("cancelled", "no longer wanted");
    }
    return this.#machine.create(this.#nodeId, task.id, image).instance;
  }

  async start(task: Task): Promise<Instance> {
    this.#machine.ask(`start ${task.id}`);
    const container = this.#find(task.id);
    if (!container) throw new Fault("not_found", `No such container: ${task.id}`);
    if (container.instance.state === "created") this.#machine.run(container);
    return container.instance;
  }

  async changed(taskId: string, seen: Instance, signal: AbortSignal): Promise<Instance | undefined> {
    const look = (): true | undefined => {
      const now = this.#find(taskId)?.instance;
      return !now || now.state !== seen.state || now.health !== seen.health ? true : undefined;
    };
    await this.#machine.until(look, signal);
    return this.#find(taskId)?.instance;
  }

  async stop(task: Task): Promise<void> {
    this.#machine.ask(`stop ${task.id}`);
    const container = this.#find(task.id);
    if (container?.instance.state !== "running") return;
    const { runtime } = task.spec;
    const grace = runtime.case === "container" ? fromDuration(runtime.value.stopGracePeriod) : undefined;
    this.#machine.signal(container, grace ?? defaultGraceMs);
    await this.#machine.until(() => (container.instance.state === "exited" ? true : undefined));
  }

  async remove(taskId: string): Promise<void> {
    this.#machine.ask(`remove ${taskId}`);
    if (this.#find(taskId)) this.#machine.remove(taskId);
  }

  async *logs(taskId: string, options: LogOptions): AsyncGenerator<LogLine, void> {
    this.#machine.ask(`logs ${taskId}`);
    const container = this.#find(taskId);
    if (!container) throw new Fault("not_found", `No such container: ${taskId}`);
    const wanted = (line: LogLine): boolean =>
      options[line.stream] && line.timestampNs >= BigInt(options.sinceMs ?? 0) * 1_000_000n;
    let read = container.log.length;
    const past = container.log.filter(wanted);
    yield* options.tail < 0 ? past : past.slice(past.length - Math.min(options.tail, past.length));
    while (options.follow && !options.signal.aborted) {
      for (const line of container.log.slice(read)) {
        read += 1;
        if (wanted(line)) yield line;
      }
      if (container.instance.state === "exited" || !this.#find(taskId)) return;
      await this.#machine.until(() => (this.#moved(container, read) ? true : undefined), options.signal);
    }
  }

  async usage(): Promise<readonly MeasuredTask[]> {
    this.#machine.reach();
    const nowMs = this.#machine.clock.monotonic();
    const own = [...this.#machine.containers.values()].filter(each => each.nodeId === this.#nodeId);
    return own
      .filter(({ instance }) => instance.state === "running")
      .map(({ instance, program, startedMs }) => ({
        taskId: instance.taskId,
        cpuSeconds: ((nowMs - startedMs) / 1000) * (program.cpus ?? 0),
        memoryBytes,
      }));
  }

  async close(): Promise<void> {}

  #moved(container: SimContainer, read: number): boolean {
    const gone = !this.#machine.containers.has(container.instance.taskId);
    return gone || container.log.length > read || container.instance.state === "exited";
  }

  #find(taskId: string): SimContainer | undefined {
    const found = this.#machine.containers.get(taskId);
    return found?.nodeId === this.#nodeId ? found : undefined;
  }
}
