import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Task, taskName } from "../model/task.ts";
import { sampleNode, sampleService, sampleTask } from "../sim/samples.ts";
import { newSimStore } from "../sim/store.ts";
import { ServiceSpecSchema, TaskSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { ReadTx, WriteTx } from "./tx.ts";

const few = ["a", "ab", "abc", "b", "B"] as const;
const pick = fc.constantFrom(...few);
const states = [TaskState.RUNNING, TaskState.SHUTDOWN, TaskState.REMOVE] as const;

const taskShape = fc.record({
  // Ids have no capitals.
  id: pick.map(id => id.toLowerCase()),
  service: pick,
  node: fc.constantFrom("", ...few),
  slot: fc.bigInt({ min: 0n, max: 2n }),
  state: fc.constantFrom(...states),
  name: fc.constantFrom("", "own", "Own2"),
  network: fc.subarray([...few]),
  secret: fc.array(pick, { maxLength: 3 }),
  config: fc.subarray([...few]),
});
type TaskShape = typeof taskShape extends fc.Arbitrary<infer T> ? T : never;

function taskOf(shape: TaskShape): Task {
  const spec = create(TaskSpecSchema, {
    networks: shape.network.map(target => ({ target })),
    runtime: {
      case: "container",
      value: {
        secrets: shape.secret.map(secretId => ({ secretId })),
        configs: shape.config.map(configId => ({ configId })),
      },
    },
  });
  const init = { slot: shape.slot, nodeId: shape.node, desiredState: shape.state, serviceId: shape.service, spec };
  const annotations = { name: shape.name };
  return sampleTask(shape.id, undefined, { ...init, annotations });
}

const write = fc.oneof(
  fc.record({ do: fc.constant("task" as const), shape: taskShape }),
  fc.record({ do: fc.constant("dropTask" as const), id: pick }),
  fc.record({ do: fc.constant("service" as const), id: pick, name: pick, network: fc.subarray([...few]) }),
  fc.record({ do: fc.constant("dropService" as const), id: pick }),
  fc.record({ do: fc.constant("node" as const), id: pick, hostname: pick }),
  fc.record({ do: fc.constant("throw" as const) }),
);
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;

/** Writes as told; faults (names taken, nothing there) undo the whole callback, as a user's would. */
function perform(tx: WriteTx, step: Write): void {
  switch (step.do) {
    case "task":
      put(tx.task, taskOf(step.shape));
      break;
    case "dropTask":
      tx.task.remove(step.id);
      break;
    case "service": {
      const sample = sampleService(step.id, step.name);
      const { networks } = create(ServiceSpecSchema, { networks: step.network.map(target => ({ target })) });
      put(tx.service, { ...sample, spec: { ...sample.spec, networks } });
      break;
    }
    case "dropService":
      tx.service.remove(step.id);
      break;
    case "node":
      put(tx.node, sampleNode(step.id, step.hostname));
      break;
    case "throw":
      throw new Error("thrown on purpose");
    default:
      step satisfies never;
  }
}

function put<T extends { id: string; meta: object }>(
  table: { get(id: string): T | undefined; create(object: T): T; update(object: T): T },
  object: T,
): T {
  const before = table.get(object.id);
  return before ? table.update({ ...object, meta: before.meta }) : table.create(object);
}

const ids = (objects: Iterable<{ id: string }>) => [...objects].map(object => object.id).sort();

/** Every index answers what looking at every object does. */
function checkIndexes(tx: ReadTx): void {
  const tasks = [...tx.task.all()];
  const services = [...tx.service.all()];
  const nodes = [...tx.node.all()];
  const having = <T extends { id: string }>(objects: readonly T[], test: (object: T) => boolean) =>
    ids(objects.filter(test));
  const container = (task: Task) => (task.spec.runtime.case === "container" ? task.spec.runtime.value : undefined);
  const nameOf = (task: Task) => (task.annotations.name || taskName(task)).toLowerCase();
  expect(tx.task.size).toBe(tasks.length);
  for (const key of ["", ...few]) {
    const low = key.toLowerCase();
    expect(ids(tx.task.byService(key))).toEqual(having(tasks, task => task.serviceId === key));
    expect(ids(tx.task.byNode(key))).toEqual(having(tasks, task => task.nodeId === key));
    expect(ids(tx.task.byIdPrefix(key))).toEqual(having(tasks, task => task.id.startsWith(key)));
    expect(ids(tx.task.byNetwork(key))).toEqual(having(tasks, ({ spec }) => spec.networks.some(n => n.target === key)));
    expect(ids(tx.task.bySecret(key))).toEqual(
      having(tasks, task => container(task)?.secrets.some(({ secretId }) => secretId === key) ?? false),
    );
    expect(ids(tx.task.byConfig(key))).toEqual(
      having(tasks, task => container(task)?.configs.some(({ configId }) => configId === key) ?? false),
    );
    for (const slot of [0n, 1n, 2n])
      expect(ids(tx.task.bySlot(key, slot))).toEqual(
        having(tasks, task => task.serviceId === key && task.slot === slot),
      );
    expect(ids(tx.service.byName(key))).toEqual(
      having(services, ({ spec }) => spec.annotations.name.toLowerCase() === low),
    );
    expect(ids(tx.service.byNamePrefix(key))).toEqual(
      having(services, ({ spec }) => spec.annotations.name.toLowerCase().startsWith(low)),
    );
    expect(ids(tx.service.byNetwork(key))).toEqual(
      having(services, ({ spec }) => spec.networks.some(n => n.target === key)),
    );
    expect(ids(tx.node.byName(key))).toEqual(having(nodes, node => node.description?.hostname.toLowerCase() === low));
    expect(ids(tx.node.byIdPrefix(key))).toEqual(having(nodes, node => node.id.startsWith(key)));
  }
  for (const state of states)
    expect(ids(tx.task.byDesiredState(state))).toEqual(having(tasks, t => t.desiredState === state));
  for (const name of ["own", "OWN2", ...tasks.map(taskName)])
    expect(ids(tx.task.byName(name))).toEqual(having(tasks, task => nameOf(task) === name.toLowerCase()));
  expect(ids(tx.task.byNamePrefix("A"))).toEqual(having(tasks, task => nameOf(task).startsWith("a")));
}

describe("tables", () => {
  it("answer from their indexes what a look at every object would, whatever was written and taken back", async () => {
    const steps = fc.array(write, { minLength: 1, maxLength: 6 });
    // Not everybody looks: an index may hear of what one wrote, of what was taken back, or of what was committed in the end.
    const transactions = fc.array(fc.record({ steps, looks: fc.boolean() }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(transactions, async batches => {
        const store = newSimStore();
        const updates = batches.map(batch =>
          store.update(tx => {
            for (const step of batch.steps) perform(tx, step);
            if (batch.looks) checkIndexes(tx);
          }),
        );
        for (const outcome of await Promise.allSettled(updates))
          if (outcome.status === "rejected")
            expect(outcome.reason.message).toMatch(/on purpose|already exists|not found/);
        store.view(checkIndexes);
        const before = store.snapshot();
        store.restore(before, store.version);
        store.view(checkIndexes);
        expect(store.snapshot()).toEqual(before);
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it("find each name once, not those it is a prefix of", async () => {
    const store = newSimStore();
    await store.update(tx => {
      for (const name of ["web", "web2", "we"]) tx.service.create(sampleService(`id-${name}`, name));
    });
    expect(store.view(tx => ids(tx.service.byName("web")))).toEqual(["id-web"]);
    expect(store.view(tx => ids(tx.service.byNamePrefix("web")))).toEqual(["id-web", "id-web2"]);
  });

  it("may be changed while a list of theirs is walked", async () => {
    const store = newSimStore();
    const service = sampleService("s");
    await store.update(tx => {
      for (const id of ["a", "b", "c"]) tx.task.create(sampleTask(id, service));
    });
    await store.update(tx => {
      for (const task of tx.task.byService("s")) {
        tx.task.update({ ...task, desiredState: TaskState.REMOVE });
        tx.task.create(sampleTask(`${task.id}2`, service));
      }
      for (const task of tx.task.all()) if (task.desiredState === TaskState.REMOVE) tx.task.remove(task.id);
    });
    expect(store.view(tx => ids(tx.task.byService("s")))).toEqual(["a2", "b2", "c2"]);
  });

  it("hand out objects that cannot be changed", async () => {
    const store = newSimStore();
    const created = await store.update(tx => tx.service.create(sampleService("s")));
    expect(() => {
      created.spec.annotations.name = "other";
    }).toThrow(TypeError);
  });
});
