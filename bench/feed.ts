import { create, toBinary } from "@bufbuild/protobuf";
import { newAllocatorLoop } from "../src/control/allocator/allocator.ts";
import type { Quorum } from "../src/control/quorum.ts";
import { runLoop } from "../src/control/runner.ts";
import { PlaneSet } from "../src/dispatcher/plane/plane-set.ts";
import { PlaneWatch } from "../src/dispatcher/plane/plane-watch.ts";
import { defined } from "../src/lib/assert.ts";
import type { Service } from "../src/model/objects.ts";
import type { Task } from "../src/model/task.ts";
import { systemClock } from "../src/platform/clock.ts";
import { systemRandom } from "../src/platform/random.ts";
import { silentLogger } from "../src/ports/log.ts";
import { sampleNetwork, sampleNode, sampleService, sampleTask } from "../src/sim/samples.ts";
import type { Proposal } from "../src/store/proposer.ts";
import { Store } from "../src/store/store.ts";
import { TaskState } from "../src/wire/gen/docker/swarmkit/v1/types_pb.ts";
import { NetworkMessageSchema } from "../src/wire/gen/shoal/v1/network_pb.ts";
import { median, type Report, settings } from "./lab/report.ts";

const networkId = "net";
/** Updates handed to the store at a time while it is filled. */
const fillBatch = 1_000;
const tasksPerUpdate = 500;
const differences = 500;

/** The allocator has nothing to do with the members of the quorum. */
const noQuorum: Quorum = { members: () => [], remove: async () => {}, handOver: async () => {} };

/**
 * Services on one overlay of many nodes, in a store in memory: how long the leader takes to give all of them their addresses, and to
 * work out what it tells the nodes, from the beginning and of one task's change. `--services N --tasks N --nodes N` say how many.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const params = settings(args, { services: 1_000, tasks: 10_000, nodes: 100 });
  const store = newStore();
  await fill(store, params);
  const allocationMs = await allocate(store, params.tasks);
  report("addresses given", (params.tasks * 1000) / allocationMs, "tasks/s", params);
  await start(store, params);

  const watch = new PlaneWatch();
  const streams = nodeIds(params.nodes).map(id => ({
    set: new PlaneSet(id),
    watcher: store.view(tx => watch.open(tx, id, () => {})),
  }));
  const complete = streams.map(({ set }) => timed(() => store.view(tx => set.all(tx))));
  report("whole plane of the first node", complete[0]?.ms ?? 0, "ms", params);
  report("whole plane of a node", median(complete.map(({ ms }) => ms)), "ms", params);
  const changes = complete[0]?.value ?? [];
  const encoding = timed(() => toBinary(NetworkMessageSchema, create(NetworkMessageSchema, { changes })));
  report("its message", encoding.value.length / 1e6, "MB", params);
  report("encoding it", encoding.ms, "ms", params);

  const seeing: number[] = [];
  const telling: number[] = [];
  store.onCommit(events => {
    for (const event of events) seeing.push(timed(() => watch.see(event)).ms);
  });
  for (let n = 0; n < differences; n++) {
    const id = taskId(n);
    await store.update(tx => {
      tx.task.update({ ...defined(tx.task.get(id), id), desiredState: TaskState.SHUTDOWN });
    });
    for (const { set, watcher } of streams)
      telling.push(timed(() => store.view(tx => set.changes(tx, watcher.take()))).ms);
  }
  report("finding whom a change concerns", median(seeing), "ms", params);
  report("one change for one node", median(telling), "ms", params);
}

function newStore(): Store {
  const store = new Store({ clock: systemClock });
  store.attach({
    nextIndex: () => store.version + 1n,
    async propose(batch: readonly Proposal[]) {
      await new Promise(resolve => setImmediate(resolve));
      for (const { request } of batch) store.apply(store.version + 1n, request);
    },
  });
  return store;
}

interface Size {
  readonly services: number;
  readonly tasks: number;
  readonly nodes: number;
}

const taskId = (n: number): string => `task${n}`;
const nodeIds = (count: number): string[] => Array.from({ length: count }, (_, n) => `node${n}`);

async function fill(store: Store, { services, tasks, nodes }: Size): Promise<void> {
  const made = Array.from({ length: services }, (_, n) => aService(`service${n}`));
  await store.update(tx => tx.network.create(sampleNetwork(networkId, networkId, { ipam: { configs: [subnet] } })));
  await inBatches(nodes, n => store.update(tx => tx.node.create(sampleNode(`node${n}`))));
  await inBatches(services, n => store.update(tx => tx.service.create(defined(made[n], "a service"))));
  await inBatches(tasks, n => store.update(tx => tx.task.create(aTask(n, defined(made[n % services], "a service")))));
}

const subnet = { subnet: "10.0.0.0/8" };

function aService(id: string): Service {
  const image = "image";
  return sampleService(id, id, {
    runtime: { case: "container", value: { image } },
    networks: [{ target: networkId, aliases: [`${id}-alias`] }],
  });
}

function aTask(n: number, service: Service): Task {
  return sampleTask(taskId(n), service, { slot: BigInt(n), desiredState: TaskState.RUNNING });
}

async function inBatches(count: number, write: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += fillBatch)
    await Promise.all(Array.from({ length: Math.min(fillBatch, count - n) }, (_, i) => write(n + i)));
}

/** Milliseconds until every task has its address. */
async function allocate(store: Store, tasks: number): Promise<number> {
  const begun = performance.now();
  let waiting = tasks;
  const done = new Promise<void>(resolve => {
    store.onCommit(events => {
      for (const event of events)
        if (event.kind === "task" && event.object.status.state === TaskState.PENDING) waiting -= 1;
      if (waiting === 0) resolve();
    });
  });
  const ports = { store, clock: systemClock, random: systemRandom, log: silentLogger, quorum: noQuorum };
  const loop = runLoop(newAllocatorLoop(), ports);
  await done;
  const ms = performance.now() - begun;
  await loop.stop();
  return ms;
}

/** Every task runs, spread over the nodes, and every node has its address on the network. */
async function start(store: Store, { tasks, nodes }: Size): Promise<void> {
  const updates = Math.ceil(tasks / tasksPerUpdate);
  for (let update = 0; update < updates; update++)
    await store.update(tx => {
      for (let n = update * tasksPerUpdate; n < Math.min(tasks, (update + 1) * tasksPerUpdate); n++) {
        const task = defined(tx.task.get(taskId(n)), taskId(n));
        const status = { ...task.status, state: TaskState.RUNNING };
        tx.task.update({ ...task, status, nodeId: `node${n % nodes}` });
      }
    });
  const ports = { store, clock: systemClock, random: systemRandom, log: silentLogger, quorum: noQuorum };
  const attached = () => store.view(tx => [...tx.node.all()].every(({ attachments }) => attachments.length > 0));
  const done = new Promise<void>(resolve => store.onCommit(() => attached() && resolve()));
  const loop = runLoop(newAllocatorLoop(), ports);
  await done;
  await loop.stop();
}

function timed<T>(work: () => T): { readonly value: T; readonly ms: number } {
  const begun = performance.now();
  const value = work();
  return { value, ms: performance.now() - begun };
}
