import type { Config, Secret, Task } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { NodeDescription, PortConfig } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Connection } from "./transport.ts";

/** What a task needs besides its own object: only what is assigned to this node, and only in memory. */
export interface TaskDependencies {
  secret(id: string): Secret | undefined;
  config(id: string): Config | undefined;
}

/** What a runtime knows of a task's container (or process) at one moment. */
export interface Instance {
  readonly taskId: string;
  readonly containerId: string;
  readonly state: "created" | "running" | "exited";
  /** "none" when the task has no health check. */
  readonly health: "none" | "starting" | "healthy" | "unhealthy";
  /** Process id on this machine; 0 when not running. */
  readonly pid: number;
  /** Meaningful once exited. */
  readonly exitCode: number;
  /** Why it ended or could not start, when the runtime says more than the exit code. */
  readonly error: string;
  /** Ports in host mode with the numbers that were really published. */
  readonly ports: readonly PortConfig[];
}

export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  /** Last lines wanted; negative for all. */
  readonly tail: number;
  /** Milliseconds since 1970; undefined for the beginning. */
  readonly sinceMs: number | undefined;
  readonly signal: AbortSignal;
}

/** One log line (TTY tasks: one chunk). */
export interface LogLine {
  readonly stream: "stdout" | "stderr";
  /** Nanoseconds since 1970. */
  readonly timestampNs: bigint;
  /** With its newline where it had one. */
  readonly data: Uint8Array;
  /** What the log driver adds to each line: labels and environment variables that its options name. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** What a running task has used so far and uses now; undefined is what the machine does not tell. */
export interface MeasuredTask {
  readonly taskId: string;
  /** Time that processors were busy with it since it started; seconds. */
  readonly cpuSeconds: number | undefined;
  /** Without what the kernel would give up at once, like files that were read. */
  readonly memoryBytes: number | undefined;
}

/**
 * The door to what runs containers. Real: `platform/docker` and `platform/embedded`; simulated: `sim/runtime.ts`. One
 * contract test runs against all of them. Each runtime touches only what belongs to its own node id. Every operation
 * may be repeated after a crash at any point and then carries on where things stand. Any number may be asked for at
 * once: a runtime limits itself what its engine is given at a time, so that what waits for a download holds up nothing.
 *
 * Faults: invalid_argument and not_found (bad spec, no such image) mean the task is to be REJECTED; unavailable means
 * that the runtime cannot be reached now and the same operation is to be tried again; the rest means FAILED.
 */
export interface Runtime {
  readonly kind: "docker" | "embedded" | "sim";
  /** This machine: hostname, platform, resources, engine version, labels and plugins. */
  describe(): Promise<NodeDescription>;
  /** Everything of this node's that exists, running or not: asked once when the agent starts. */
  list(): Promise<Instance[]>;
  /** The task's instance, or undefined when there is none. */
  inspect(taskId: string): Promise<Instance | undefined>;
  /**
   * Gets the image (or program) and creates the instance, not yet started. `progress` gets texts fit for the status.
   * When `signal` aborts the task is no longer wanted: a runtime that can breaks off (Fault cancelled).
   */
  prepare(
    task: Task,
    dependencies: TaskDependencies,
    progress: (message: string) => void,
    signal?: AbortSignal,
  ): Promise<Instance>;
  /** Starts a prepared instance; no error when it runs already. */
  start(task: Task): Promise<Instance>;
  /**
   * Resolves with the instance as soon as it differs from `seen` in state or health (also when it is gone:
   * undefined), or when `signal` aborts.
   */
  changed(taskId: string, seen: Instance, signal: AbortSignal): Promise<Instance | undefined>;
  /** Stop signal, then after the grace period SIGKILL; resolves when it has exited. No error when it is gone. */
  stop(task: Task): Promise<void>;
  /** Removes the instance and all it holds, killing it if it runs. No error when it is gone. */
  remove(taskId: string): Promise<void>;
  /** Log lines in order; ends at the end of the log, or with `follow` when the instance ends or `signal` aborts. */
  logs(taskId: string, options: LogOptions): AsyncIterable<LogLine>;
  /** What every task that runs uses; asked every few seconds, so it is to be cheap for thousands of tasks. */
  usage(): Promise<readonly MeasuredTask[]>;
  /** Lets go of connections and watchers. Tasks go on running. */
  close(): Promise<void>;
  /**
   * A runtime with networks of its own follows what the manager of this session says of them, until `signal` aborts.
   * Tasks and networks stay as they are without one.
   */
  followNetworks?(connection: Connection, sessionId: string, signal: AbortSignal): Promise<void>;
  /** The node has left its swarm and its tasks are removed: takes away whatever else the runtime has made for it. */
  dismantle?(): Promise<void>;
}
