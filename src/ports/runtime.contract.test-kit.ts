import { create, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import type { Task } from "../model/task.ts";
import { toDuration } from "../model/time.ts";
import { ConfigSchema, type Secret, SecretSchema, TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { ContainerSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { Instance, Runtime, TaskDependencies } from "./runtime.ts";
import { logReader, logsContract } from "./runtime-logs.contract.test-kit.ts";
import { usageContract } from "./runtime-usage.contract.test-kit.ts";
import type { RuntimeWorld } from "./runtime-world.test-kit.ts";

/** A container spec with only what matters given. */
export type ContainerInit = Exclude<MessageInitShape<typeof ContainerSpecSchema>, Message>;

/** What a test wants a task to do; each runtime has its own image and arguments for it. */
export type Program =
  /** Runs until told to stop, then ends within a second. */
  | { readonly kind: "runs" }
  /** Runs and keeps a processor busy; ends as "runs" does. */
  | { readonly kind: "busy" }
  /** Runs on when told to stop: only SIGKILL ends it. */
  | { readonly kind: "stubborn" }
  /** Ends by itself about `afterMs` after its start. */
  | { readonly kind: "ends"; readonly code: number; readonly afterMs: number }
  /** Writes the lines, each with a newline, standard output first, then ends with 0, or runs on with `stay`. */
  | {
      readonly kind: "prints";
      readonly stdout: readonly string[];
      readonly stderr: readonly string[];
      readonly stay: boolean;
    }
  /** Runs; its health check says so from the first (`healthy`) or fails from the first, one retry, often asked. */
  | { readonly kind: "checked"; readonly healthy: boolean }
  /** Prints the value of an environment variable that the test sets in the spec, and ends with 0. */
  | { readonly kind: "prints-variable"; readonly variable: string }
  /** Prints the file, and ends with 0. */
  | { readonly kind: "prints-file"; readonly path: string }
  /** An image that is nowhere. */
  | { readonly kind: "no-image" }
  /** An image that is there and a program in it that is not. */
  | { readonly kind: "no-program" };

/** One world (an engine, a machine, a simulation) that the contract is tried in. */
export interface RuntimeHarness {
  /** A runtime for this node id; a second one for the same id is what a restarted daemon has. */
  open(nodeId: string): Promise<Runtime>;
  /** The container spec that makes a task do it. The contract adds grace period, environment, secrets and configs. */
  container(program: Program): ContainerInit;
  /** Waits for the work; a simulated world moves its time on until the work is done. */
  until<T>(work: Promise<T>): Promise<T>;
  /** Wall or virtual time in milliseconds, for measuring. */
  now(): number;
  /** Whether secrets, configs and environment reach what runs (a simulation may have nothing that reads them). */
  readonly delivers: boolean;
  close(): Promise<void>;
}

const graceMs = 1_000;
/** Scheduling noise a measured time may have. */
const slackMs = 3_000;
let made = 0;

/** A task as an agent would get it, for one replica of a service of its own. */
export function contractTask(nodeId: string, container: ContainerInit): Task {
  made += 1;
  const number = String(made).padStart(5, "0");
  const base = create(TaskSchema, {
    id: `${Date.now().toString(36).padStart(15, "0").slice(-15)}${String(process.pid % 100_000).padStart(5, "0")}${number}`,
    serviceId: `service${number}`.padEnd(25, "0"),
    nodeId,
    slot: 1n,
    meta: {},
    spec: {
      runtime: { case: "container", value: { stopGracePeriod: toDuration(graceMs), ...container } },
    },
    status: {},
    annotations: { name: `contract${number}.1` },
    serviceAnnotations: { name: `contract${number}` },
  });
  return base as Task;
}

const nothing: TaskDependencies = { secret: () => undefined, config: () => undefined };
const noProgress = (): void => {};

/** What every runtime promises, tried against a real or simulated one. Call it at the top of a test file. */
export function runtimeContract(name: string, make: () => Promise<RuntimeHarness>): void {
  describe(`the runtime contract: ${name}`, () => {
    const nodeId = "contractnode0000000000001";
    let harness: RuntimeHarness;
    let runtime: Runtime;

    beforeAll(async () => {
      harness = await make();
      runtime = await harness.open(nodeId);
    });

    afterAll(async () => {
      if (!harness) return;
      if (runtime) for (const left of await runtime.list()) await harness.until(runtime.remove(left.taskId));
      await runtime?.close();
      await harness.close();
    });

    const taskFor = (program: Program, more: ContainerInit = {}): Task =>
      contractTask(nodeId, { ...harness.container(program), ...more });
    const until = <T>(work: Promise<T>): Promise<T> => harness.until(work);
    const prepare = (task: Task, dependencies = nothing): Promise<Instance> =>
      until(runtime.prepare(task, dependencies, noProgress));
    const started = async (task: Task): Promise<Instance> => {
      await prepare(task);
      return until(runtime.start(task));
    };
    const never = (): AbortSignal => new AbortController().signal;
    const ended = async (task: Task, from: Instance): Promise<Instance | undefined> => {
      let seen: Instance | undefined = from;
      while (seen && seen.state !== "exited") seen = await until(runtime.changed(task.id, seen, never()));
      return seen;
    };

    const world: RuntimeWorld = { runtime: () => runtime, taskFor, prepare, started, ended, until };
    usageContract(world);

    it("describes the node", async () => {
      const description = await until(runtime.describe());
      expect(description.hostname).not.toBe("");
      expect(description.platform?.os).toBe("linux");
      expect(description.platform?.architecture).not.toBe("");
      expect(description.resources?.nanoCpus).toBeGreaterThanOrEqual(1_000_000_000n);
      expect(description.resources?.memoryBytes).toBeGreaterThan(1_000_000n);
      expect(description.engine?.engineVersion).not.toBe("");
    });

    it("knows nothing of a task that was never prepared, and stops and removes it without error", async () => {
      const task = taskFor({ kind: "runs" });
      expect(await until(runtime.inspect(task.id))).toBeUndefined();
      await until(runtime.stop(task));
      await until(runtime.remove(task.id));
      expect((await until(runtime.list())).map(each => each.taskId)).not.toContain(task.id);
    });

    it("prepares without starting, once however often it is asked", async () => {
      const task = taskFor({ kind: "runs" });
      const first = await prepare(task);
      expect(first).toMatchObject({ taskId: task.id, state: "created", pid: 0, health: "none" });
      expect(first.containerId).not.toBe("");
      const again = await prepare(task);
      expect(again.containerId).toBe(first.containerId);
      expect((await until(runtime.list())).filter(each => each.taskId === task.id)).toHaveLength(1);
      await until(runtime.remove(task.id));
    });

    it("starts what was prepared, once however often it is asked", async () => {
      const task = taskFor({ kind: "runs" });
      const prepared = await prepare(task);
      const running = await until(runtime.start(task));
      expect(running).toMatchObject({ taskId: task.id, containerId: prepared.containerId, state: "running" });
      expect(running.pid).toBeGreaterThan(0);
      const again = await until(runtime.start(task));
      expect(again).toMatchObject({ containerId: running.containerId, pid: running.pid, state: "running" });
      expect(await until(runtime.inspect(task.id))).toMatchObject({ pid: running.pid, state: "running" });
      // As after a crash between start and its report: the earlier step leaves what runs alone.
      expect(await prepare(task)).toMatchObject({ pid: running.pid, state: "running" });
      await until(runtime.remove(task.id));
    });

    it("refuses to start what was not prepared", async () => {
      await expect(until(runtime.start(taskFor({ kind: "runs" })))).rejects.toBeInstanceOf(Fault);
    });

    it.each([0, 3])("tells when a task ends by itself, with its exit code %i", async code => {
      const task = taskFor({ kind: "ends", code, afterMs: 200 });
      const last = await ended(task, await started(task));
      expect(last).toMatchObject({ taskId: task.id, state: "exited", exitCode: code, pid: 0 });
      expect(await until(runtime.inspect(task.id))).toMatchObject({ state: "exited", exitCode: code });
      await until(runtime.stop(task));
      await until(runtime.remove(task.id));
    });

    it("tells at once what has changed already", async () => {
      const task = taskFor({ kind: "runs" });
      const prepared = await prepare(task);
      await until(runtime.start(task));
      expect(await until(runtime.changed(task.id, prepared, never()))).toMatchObject({ state: "running" });
      await until(runtime.remove(task.id));
    });

    it("tells when an instance has gone", async () => {
      const task = taskFor({ kind: "runs" });
      let seen: Instance | undefined = await started(task);
      const removal = runtime.remove(task.id);
      while (seen) seen = await until(runtime.changed(task.id, seen, never()));
      await until(removal);
      expect(await until(runtime.inspect(task.id))).toBeUndefined();
    });

    it("stops waiting for a change when told so", async () => {
      const task = taskFor({ kind: "runs" });
      const running = await started(task);
      const abort = new AbortController();
      const change = runtime.changed(task.id, running, abort.signal);
      abort.abort();
      expect(await until(change)).toMatchObject({ taskId: task.id, state: "running" });
      await until(runtime.remove(task.id));
    });

    it("stops with the stop signal, and resolves when the task has exited", async () => {
      const task = taskFor({ kind: "runs" }, { stopGracePeriod: toDuration(20_000) });
      await started(task);
      const before = harness.now();
      await until(runtime.stop(task));
      expect(harness.now() - before).toBeLessThan(1_000 + slackMs);
      expect(await until(runtime.inspect(task.id))).toMatchObject({ state: "exited", pid: 0 });
      await until(runtime.stop(task));
      await until(runtime.remove(task.id));
    });

    it("kills after the grace period what does not stop", async () => {
      const task = taskFor({ kind: "stubborn" });
      await started(task);
      const before = harness.now();
      await until(runtime.stop(task));
      const took = harness.now() - before;
      expect(took).toBeGreaterThanOrEqual(graceMs * 0.9);
      expect(took).toBeLessThan(graceMs + slackMs);
      expect(await until(runtime.inspect(task.id))).toMatchObject({ state: "exited", exitCode: 137 });
      await until(runtime.remove(task.id));
    });

    it("removes what runs, and again without error", async () => {
      const task = taskFor({ kind: "stubborn" });
      await started(task);
      await until(runtime.remove(task.id));
      await until(runtime.remove(task.id));
      expect(await until(runtime.inspect(task.id))).toBeUndefined();
      expect((await until(runtime.list())).map(each => each.taskId)).not.toContain(task.id);
    });

    it("finds what runs again after a restart, and hears of its end", async () => {
      const task = taskFor({ kind: "runs" });
      const earlier = await harness.open(nodeId);
      await until(earlier.prepare(task, nothing, noProgress));
      const running = await until(earlier.start(task));
      await earlier.close();
      const later = await harness.open(nodeId);
      try {
        const found = (await until(later.list())).find(each => each.taskId === task.id);
        expect(found).toMatchObject({ containerId: running.containerId, pid: running.pid, state: "running" });
        await until(later.stop(task));
        const last = await until(later.changed(task.id, running, never()));
        expect(last).toMatchObject({ state: "exited" });
        await until(later.remove(task.id));
      } finally {
        await later.close();
      }
    });

    it("leaves other nodes' tasks alone", async () => {
      const task = taskFor({ kind: "runs" });
      await started(task);
      const other = await harness.open("contractnode0000000000002");
      try {
        expect(await until(other.list())).toEqual([]);
        expect(await until(other.inspect(task.id))).toBeUndefined();
        await until(other.stop(task));
        await until(other.remove(task.id));
        expect(await until(runtime.inspect(task.id))).toMatchObject({ state: "running" });
      } finally {
        await other.close();
        await until(runtime.remove(task.id));
      }
    });

    it("says of an image that is nowhere that the task cannot run", async () => {
      const failure = await prepare(taskFor({ kind: "no-image" })).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Fault);
      expect(["not_found", "invalid_argument"]).toContain((failure as Fault).code);
    });

    it("says of a program that is not in the image why it does not run", async () => {
      const task = taskFor({ kind: "no-program" });
      const failure = await started(task).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Fault);
      expect((failure as Fault).code).not.toBe("unavailable");
      expect((failure as Fault).message).not.toBe("");
      await until(runtime.remove(task.id));
    });

    it.each([
      [true, "healthy"],
      [false, "unhealthy"],
    ] as const)("watches over health: check succeeds %s", async (healthy, expected) => {
      const task = taskFor({ kind: "checked", healthy });
      let seen: Instance | undefined = await started(task);
      expect(["starting", expected]).toContain(seen.health);
      while (seen && seen.health !== expected) seen = await until(runtime.changed(task.id, seen, never()));
      expect(seen).toMatchObject({ state: "running", health: expected });
      await until(runtime.remove(task.id));
    });

    const logLines = logReader(world);
    logsContract(world, logLines);

    it("gives the environment, secrets and configs to what runs", async ctx => {
      if (!harness.delivers) ctx.skip("nothing in the simulation reads environment, secrets or configs");
      const secret = create(SecretSchema, {
        id: "secret".padEnd(25, "0"),
        spec: { annotations: { name: "key" }, data: Buffer.from("hidden\n") },
      }) as Secret;
      const config = create(ConfigSchema, {
        id: "config".padEnd(25, "0"),
        spec: { annotations: { name: "settings" }, data: Buffer.from("shown\n") },
      });
      const dependencies: TaskDependencies = {
        secret: id => (id === secret.id ? secret : undefined),
        config: id => (id === config.id ? config : undefined),
      };
      const file = (name: string) => ({ case: "file", value: { name, uid: "0", gid: "0", mode: 0o444 } }) as const;
      const given: ContainerInit = {
        env: ["GREETING=hello"],
        secrets: [{ secretId: secret.id, secretName: "key", target: file("key") }],
        configs: [{ configId: config.id, configName: "settings", target: file("/settings") }],
      };
      const cases: readonly (readonly [Program, string])[] = [
        [{ kind: "prints-variable", variable: "GREETING" }, "hello"],
        [{ kind: "prints-file", path: "/run/secrets/key" }, "hidden"],
        [{ kind: "prints-file", path: "/settings" }, "shown"],
      ];
      for (const [program, printed] of cases) {
        const task = taskFor(program, given);
        await prepare(task, dependencies);
        await ended(task, await until(runtime.start(task)));
        expect(await logLines(task, {})).toEqual([`stdout: ${printed}\n`]);
        await until(runtime.remove(task.id));
      }
    });

    it("says which secret is missing", async ctx => {
      if (!harness.delivers) ctx.skip("nothing in the simulation reads environment, secrets or configs");
      const target = { case: "file", value: { name: "gone", uid: "0", gid: "0", mode: 0o444 } } as const;
      const task = taskFor({ kind: "runs" }, { secrets: [{ secretId: "nowhere", secretName: "gone", target }] });
      await expect(prepare(task)).rejects.toThrow(/gone/);
      await until(runtime.remove(task.id));
    });
  });
}
