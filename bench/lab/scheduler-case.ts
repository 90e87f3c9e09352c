import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Quorum } from "../../src/control/quorum.ts";
import { runLoop } from "../../src/control/runner.ts";
import { newSchedulerLoop } from "../../src/control/scheduler/scheduler.ts";
import type { Node, Service } from "../../src/model/objects.ts";
import type { Task } from "../../src/model/task.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { silentLogger } from "../../src/ports/log.ts";
import { sampleNode, sampleService, sampleTask } from "../../src/sim/samples.ts";
import type { Proposal, Proposer } from "../../src/store/proposer.ts";
import { Store } from "../../src/store/store.ts";
import {
  AnnotationsSchema,
  NodeDescriptionSchema,
  type PlacementSchema,
  TaskState,
} from "../../src/wire/gen/docker/swarmkit/v1/types_pb.ts";

/** What the tasks ask for, beside CPU and memory. */
export const variants = ["plain", "constraints", "spread", "services"] as const;
export type Variant = (typeof variants)[number];

export interface SchedulerCase {
  readonly nodes: number;
  readonly tasks: number;
  readonly variant: Variant;
  /** Whether decisions are encoded too, as for a manager's log; otherwise they go into the store in memory alone. */
  readonly encoded: boolean;
}

export interface SchedulerResult {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Longest time for which the event loop did nothing else, and the most CPU time it used meanwhile. */
  readonly longestTurnMs: number;
  readonly longestTurnCpuMs: number;
  readonly peakBytes: number;
  /** What the process held before the scheduler began: the tasks and nodes themselves. */
  readonly startBytes: number;
  /** Tasks on the fullest node less those on the emptiest, of the nodes that may take any. */
  readonly unevenness: number;
}

/** Tasks of each service in the variant "services". */
const tasksPerService = 100;
const zones = 10;
const racksPerZone = 10;
/** Writes made at a time while the store is filled. */
const fillBatch = 1_000;
const stallCheckMs = 5;

const spreadOver = (label: string) =>
  ({ Preference: { case: "spread", value: { spreadDescriptor: `node.labels.${label}` } } }) as const;

const placements: Readonly<Record<Variant, Exclude<MessageInitShape<typeof PlacementSchema>, { $typeName: string }>>> =
  {
    plain: {},
    constraints: { constraints: ["node.labels.disk==ssd", "node.role==worker"] },
    spread: { preferences: [spreadOver("zone"), spreadOver("rack")] },
    services: {},
  };

/** The scheduler has nothing to do with the members of the quorum. */
const noQuorum: Quorum = { members: () => [], remove: async () => {}, handOver: async () => {} };

/** Runs the scheduler alone, from cold, on a store in memory until every task has a node. */
export async function measureScheduler({ nodes, tasks, variant, encoded }: SchedulerCase): Promise<SchedulerResult> {
  const store = new Store({ clock: systemClock });
  store.attach(new ForgetfulLog(store, encoded));
  await fill(store, nodes, n => store.update(tx => void tx.node.create(aNode(n))));
  const services = Array.from({ length: variant === "services" ? Math.ceil(tasks / tasksPerService) : 1 }, (_, n) =>
    aService(n, variant),
  );
  await fill(store, services.length, n => store.update(tx => void tx.service.create(services[n] as Service)));
  await fill(store, tasks, n => store.update(tx => void tx.task.create(aTask(n, services))));
  const startBytes = process.memoryUsage().rss;

  const stall = new StallWatch();
  const cpu = process.cpuUsage();
  const start = performance.now();
  let waiting = tasks;
  const done = new Promise<void>(resolve => {
    store.onCommit(events => {
      for (const event of events)
        if (event.kind === "task" && event.object.status.state === TaskState.ASSIGNED) waiting -= 1;
      if (waiting === 0) resolve();
    });
  });
  const scheduler = runLoop(newSchedulerLoop(systemClock), {
    store,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    quorum: noQuorum,
  });
  await done;
  const wallMs = performance.now() - start;
  const used = process.cpuUsage(cpu);
  const longestTurn = stall.end();
  await scheduler.stop();
  return {
    wallMs,
    cpuMs: (used.user + used.system) / 1000,
    longestTurnMs: longestTurn.wallMs,
    longestTurnCpuMs: longestTurn.cpuMs,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    startBytes,
    unevenness: unevennessOf(store, variant),
  };
}

async function fill(store: Store, count: number, write: (n: number) => Promise<void>): Promise<void> {
  for (let n = 0; n < count; n += fillBatch)
    await Promise.all(Array.from({ length: Math.min(fillBatch, count - n) }, (_, i) => write(n + i)));
  if (store.version === 0n) throw new Error("nothing was stored");
}

/** A log that keeps nothing, but takes a turn of the event loop for each batch, as a disk does. */
class ForgetfulLog implements Proposer {
  readonly needsBytes: boolean;
  readonly #store: Store;

  constructor(store: Store, needsBytes: boolean) {
    this.#store = store;
    this.needsBytes = needsBytes;
  }

  nextIndex(): bigint {
    return this.#store.version + 1n;
  }

  async propose(batch: readonly Proposal[]): Promise<void> {
    await new Promise(resolve => setImmediate(resolve));
    for (const { request } of batch) this.#store.apply(this.nextIndex(), request);
  }
}

/** Notices for how long nothing else had its turn. */
class StallWatch {
  #wallMs = 0;
  #cpuMs = 0;
  #last = performance.now();
  #cpu = process.cpuUsage();
  readonly #timer = setInterval(() => this.#note(), stallCheckMs);

  end(): { readonly wallMs: number; readonly cpuMs: number } {
    clearInterval(this.#timer);
    this.#note();
    return { wallMs: this.#wallMs, cpuMs: this.#cpuMs };
  }

  #note(): void {
    const now = performance.now();
    const cpu = process.cpuUsage();
    this.#wallMs = Math.max(this.#wallMs, now - this.#last - stallCheckMs);
    this.#cpuMs = Math.max(this.#cpuMs, (cpu.user + cpu.system - this.#cpu.user - this.#cpu.system) / 1000);
    this.#last = now;
    this.#cpu = cpu;
  }
}

function aNode(n: number): Node {
  const zone = n % zones;
  const rack = Math.floor(n / zones) % racksPerZone;
  const labels = { zone: `z${zone}`, rack: `r${zone}-${rack}`, disk: n % 2 === 0 ? "ssd" : "hdd" };
  const node = sampleNode(`n${String(n).padStart(24, "0")}`, `host${n}`);
  return {
    ...node,
    spec: { ...node.spec, annotations: create(AnnotationsSchema, { labels }) },
    description: create(NodeDescriptionSchema, {
      hostname: `host${n}`,
      platform: { os: "linux", architecture: "x86_64" },
      resources: { nanoCpus: 1_000_000_000_000n, memoryBytes: 1n << 40n },
      engine: { engineVersion: "28.2.2", plugins: [{ type: "Volume", name: "local" }] },
    }),
  };
}

function aService(n: number, variant: Variant): Service {
  const env = Array.from({ length: 5 }, (_, i) => `SETTING_${i}=value ${i}`);
  return sampleService(`s${n}`, `shop_web${n}`, {
    runtime: { case: "container", value: { image: "registry.example/shop/web:1.2.3", env } },
    resources: { reservations: { nanoCpus: 100_000_000n, memoryBytes: 1n << 26n } },
    placement: placements[variant],
  });
}

function aTask(n: number, services: readonly Service[]): Task {
  const service = services[n % services.length];
  const slot = BigInt(Math.floor(n / services.length) + 1);
  return sampleTask(`t${String(n).padStart(24, "0")}`, service, { slot, status: { state: TaskState.PENDING } });
}

function unevennessOf(store: Store, variant: Variant): number {
  return store.view(tx => {
    const counts = new Map<string, number>();
    for (const node of tx.node.all())
      if (variant !== "constraints" || node.spec.annotations.labels.disk === "ssd") counts.set(node.id, 0);
    for (const { nodeId } of tx.task.all()) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
    let [least, most] = [Number.POSITIVE_INFINITY, 0];
    for (const count of counts.values()) [least, most] = [Math.min(least, count), Math.max(most, count)];
    return most - least;
  });
}

/** Run as a program, with the case as its argument: prints the result as JSON. */
const [, program, argument] = process.argv;
if (program && argument && realpathSync(program) === fileURLToPath(import.meta.url))
  console.log(JSON.stringify(await measureScheduler(JSON.parse(argument) as SchedulerCase)));
