import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { create } from "@bufbuild/protobuf";
import type { Task } from "../src/model/task.ts";
import { toTimestamp } from "../src/model/time.ts";
import { systemClock } from "../src/platform/clock.ts";
import { sampleService, sampleTask } from "../src/sim/samples.ts";
import { decodeSnapshot, encodeSnapshot } from "../src/store/encoding.ts";
import type { Proposal, Proposer } from "../src/store/proposer.ts";
import { Store } from "../src/store/store.ts";
import { TaskReader } from "../src/store/task-reader.ts";
import { TaskState, TaskStatusSchema } from "../src/wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Report, settings } from "./lab/report.ts";

const services = 100;
const nodes = 200;
/** Updates kept in flight: the store's queue takes 10,000. */
const inFlight = 1_000;

/** The store with a log that keeps nothing: what remains is the store's own cost, encoding included. */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const { tasks } = settings(args, { tasks: 100_000 });
  const params = { tasks, services, nodes };
  const empty = heapBytes();
  const store = newStore();
  const made = await makeServices(store);
  report("creates", await rate(tasks, n => store.update(tx => tx.task.create(newTask(n, made)))), "1/s", params);
  report("heap per task, leader", (heapBytes() - empty) / tasks, "bytes", params);
  await measureUse(store, report, { ...params, path: "leader" });

  const start = performance.now();
  const bytes = encodeSnapshot(store.snapshot());
  report("snapshot, take and encode", performance.now() - start, "ms", { ...params, bytes: bytes.length });
  const before = heapBytes();
  const restored = newStore();
  const decoding = performance.now();
  const decoded = decodeSnapshot(bytes, new TaskReader());
  report("snapshot, decode", performance.now() - decoding, "ms", params);
  const restoring = performance.now();
  restored.restore(decoded, store.version);
  report("snapshot, restore", performance.now() - restoring, "ms", params);
  decoded.tasks = [];
  report("heap per task, restored", (heapBytes() - before) / tasks, "bytes", params);
  await measureUse(restored, report, { ...params, path: "restored" });
}

async function measureUse(store: Store, report: Report, params: { tasks: number; path: string }): Promise<void> {
  const running = create(TaskStatusSchema, {
    state: TaskState.RUNNING,
    timestamp: toTimestamp(1e12),
    message: "started",
  });
  const { tasks } = params;
  const update = (n: number) =>
    store.update(tx => {
      const task = tx.task.get(taskId(n % tasks));
      if (task) tx.task.update({ ...task, status: running });
    });
  report("updates", await rate(tasks, update), "1/s", params);
  report(
    "lookups by id",
    lookups(n => store.view(tx => (tx.task.get(taskId(n % tasks)) ? 1 : 0))),
    "1/s",
    params,
  );
  report(
    "lookups by slot",
    lookups(n => store.view(tx => [...tx.task.bySlot(`s${n % services}`, 5n)].length)),
    "1/s",
    params,
  );
  report(
    "tasks by node",
    lookups(n => store.view(tx => [...tx.task.byNode(`n${n % nodes}`)].length), 2_000),
    "1/s",
    params,
  );
}

function newStore(): Store {
  const store = new Store({ clock: systemClock });
  store.attach(new ForgetfulLog(store));
  return store;
}

class ForgetfulLog implements Proposer {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  nextIndex(): bigint {
    return this.#store.version + 1n;
  }

  async propose(batch: readonly Proposal[]): Promise<void> {
    for (const { request } of batch) this.#store.apply(this.nextIndex(), request);
  }
}

async function makeServices(store: Store): Promise<ReturnType<typeof sampleService>[]> {
  const env = Array.from({ length: 10 }, (_, n) => `SETTING_${n}=value ${n}`);
  const runtime = { case: "container", value: { image: "registry.example/shop/web:1.2.3", env } } as const;
  return Promise.all(
    Array.from({ length: services }, (_, n) =>
      store.update(tx => tx.service.create(sampleService(`s${n}`, `shop_web${n}`, { runtime }))),
    ),
  );
}

function taskId(n: number): string {
  return `t${String(n).padStart(24, "0")}`;
}

function newTask(n: number, made: readonly ReturnType<typeof sampleService>[]): Task {
  const task = sampleTask(taskId(n), made[n % services], { slot: BigInt(Math.floor(n / services)) });
  return { ...task, nodeId: `n${n % nodes}`, desiredState: TaskState.RUNNING };
}

/** Operations a second, with a thousand waiting at a time. */
async function rate(count: number, operation: (n: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let n = 0; n < count; n += inFlight)
    await Promise.all(Array.from({ length: Math.min(inFlight, count - n) }, (_, i) => operation(n + i)));
  return (count * 1000) / (performance.now() - start);
}

function lookups(lookup: (n: number) => number, count = 200_000): number {
  const start = performance.now();
  let found = 0;
  for (let n = 0; n < count; n++) found += lookup(n);
  if (found === 0) throw new Error("nothing was found");
  return (count * 1000) / (performance.now() - start);
}

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
