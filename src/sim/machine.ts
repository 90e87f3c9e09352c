import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import { addressLabel } from "../model/node-address.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Instance, LogLine } from "../ports/runtime.ts";
import type { NodeDescription } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { NodeDescriptionSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** What containers of an image do. Times in virtual milliseconds; what is left out happens at once or never. */
export interface SimProgram {
  readonly prepareMs?: number;
  /** Why it cannot be started. */
  readonly startError?: string;
  /** When it ends by itself, and how. */
  readonly exit?: { readonly afterMs: number; readonly code: number; readonly error?: string };
  /** It has a health check, and what that says, and when. */
  readonly health?: { readonly afterMs: number; readonly says: "healthy" | "unhealthy" };
  /** How long it takes to end on the stop signal; Infinity: it never does. */
  readonly stopMs?: number;
  /** Processors it keeps busy, from its start to its end; none without. */
  readonly cpus?: number;
  /** Lines written at the start. */
  readonly stdout?: readonly string[];
  readonly stderr?: readonly string[];
}

export interface SimContainer {
  readonly nodeId: string;
  readonly program: SimProgram;
  readonly log: LogLine[];
  readonly timers: Timer[];
  /** The machine's time when it was started, milliseconds. */
  startedMs: number;
  /** Replaced, never changed, so that a look taken earlier stays what it was. */
  instance: Instance;
}

const exitOnStop = 143;
const exitOnKill = 137;

/** A simulated machine with its engine: images, containers and their lives. Survives restarts of the daemon above it. */
export class SimMachine {
  readonly clock: Clock;
  readonly images = new Map<string, SimProgram>([["sleep", {}]]);
  readonly containers = new Map<string, SimContainer>();
  /** Every operation asked of the engine, like "start TASK", in order. */
  readonly operations: string[] = [];
  description: NodeDescription;
  #reachable = true;
  #made = 0;
  readonly #watchers = new Set<() => void>();

  constructor(options: { clock: Clock; hostname?: string }) {
    this.clock = options.clock;
    this.description = create(NodeDescriptionSchema, {
      hostname: options.hostname ?? "sim",
      platform: { architecture: "x86_64", os: "linux" },
      resources: { nanoCpus: 4_000_000_000n, memoryBytes: 8_000_000_000n },
      engine: { engineVersion: "sim", labels: { [addressLabel]: "" } },
    });
  }

  /** Whether the engine answers. Containers live on while it does not. */
  set reachable(reachable: boolean) {
    this.#reachable = reachable;
    this.#tell();
  }

  /** Who waits for something to happen to a container: one for each that an agent watches. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** Ids of the tasks whose containers run now. */
  get running(): string[] {
    const containers = [...this.containers.values()];
    return containers.filter(({ instance }) => instance.state === "running").map(({ instance }) => instance.taskId);
  }

  /** Fault unavailable while the engine is not to be reached. */
  ask(operation: string): void {
    this.reach();
    this.operations.push(operation);
  }

  /** The same for what is asked all the time and notes nothing. */
  reach(): void {
    if (!this.#reachable) throw new Fault("unavailable", "Cannot connect to the Docker daemon");
  }

  create(nodeId: string, taskId: string, image: string): SimContainer {
    const program = this.images.get(image);
    if (!program) throw new Fault("not_found", `No such image: ${image}`);
    this.#made += 1;
    const instance: Instance = {
      taskId,
      containerId: `container${this.#made}`,
      state: "created",
      health: program.health ? "starting" : "none",
      pid: 0,
      exitCode: 0,
      error: "",
      ports: [],
    };
    const container: SimContainer = { nodeId, program, log: [], timers: [], startedMs: 0, instance };
    this.containers.set(taskId, container);
    return container;
  }

  run(container: SimContainer): void {
    const { program } = container;
    if (program.startError !== undefined) throw new Fault("internal", program.startError);
    container.startedMs = this.clock.monotonic();
    this.#change(container, { state: "running", pid: 1_000 + this.#made });
    for (const line of program.stdout ?? []) this.print(container.instance.taskId, "stdout", line);
    for (const line of program.stderr ?? []) this.print(container.instance.taskId, "stderr", line);
    const { health, exit } = program;
    if (health) this.#later(container, health.afterMs, () => this.#change(container, { health: health.says }));
    if (exit) this.#later(container, exit.afterMs, () => this.exit(container.instance.taskId, exit.code, exit.error));
  }

  /** The task's container ends, as by itself. */
  exit(taskId: string, exitCode: number, error = ""): void {
    const container = this.containers.get(taskId);
    if (container?.instance.state !== "running") return;
    for (const timer of container.timers.splice(0)) timer.cancel();
    this.#change(container, { state: "exited", pid: 0, exitCode, error });
  }

  /** Power cut or reboot: everything that ran has ended. */
  reboot(): void {
    for (const taskId of this.containers.keys()) this.exit(taskId, exitOnKill);
  }

  setHealth(taskId: string, health: Instance["health"]): void {
    const container = this.containers.get(taskId);
    if (container) this.#change(container, { health });
  }

  /** The task writes a line. */
  print(taskId: string, stream: LogLine["stream"], line: string): void {
    const timestampNs = BigInt(this.clock.now()) * 1_000_000n;
    this.containers.get(taskId)?.log.push({ stream, timestampNs, data: Buffer.from(`${line}\n`) });
    this.#tell();
  }

  /** Stop signal now, SIGKILL after the grace period in milliseconds. */
  signal(container: SimContainer, graceMs: number): void {
    const { taskId } = container.instance;
    const stopMs = container.program.stopMs ?? 0;
    if (stopMs < graceMs) this.#later(container, stopMs, () => this.exit(taskId, exitOnStop));
    else this.#later(container, graceMs, () => this.exit(taskId, exitOnKill));
  }

  remove(taskId: string): void {
    for (const timer of this.containers.get(taskId)?.timers ?? []) timer.cancel();
    this.containers.delete(taskId);
    this.#tell();
  }

  /** Resolves with what `look` returns as soon as that is not undefined, or with undefined when `signal` aborts. */
  until<T>(look: () => T | undefined, signal?: AbortSignal): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        try {
          if (!this.#reachable) throw new Fault("unavailable", "Cannot connect to the Docker daemon");
          const found = look();
          if (found === undefined && !signal?.aborted) return;
          resolve(found);
        } catch (error) {
          reject(error);
        }
        this.#watchers.delete(check);
        signal?.removeEventListener("abort", check);
      };
      this.#watchers.add(check);
      signal?.addEventListener("abort", check);
      check();
    });
  }

  #later(container: SimContainer, ms: number, run: () => void): void {
    container.timers.push(this.clock.after(ms, run));
  }

  #change(container: SimContainer, what: Partial<Instance>): void {
    container.instance = { ...container.instance, ...what };
    this.#tell();
  }

  #tell(): void {
    for (const look of [...this.#watchers]) look();
  }
}
