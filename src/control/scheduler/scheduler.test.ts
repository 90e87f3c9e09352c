import { describe, expect, it } from "vitest";
import type { Service } from "../../model/objects.ts";
import { silentLogger } from "../../ports/log.ts";
import { SimClock, settle } from "../../sim/clock.ts";
import { SimRandom } from "../../sim/random.ts";
import { newSimStore, type SimStore } from "../../sim/store.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { FakeQuorum } from "../fake-quorum.test-kit.ts";
import { aNode, aService, aTask, type TaskSpecInit } from "../objects.test-kit.ts";
import { runLoop } from "../runner.ts";
import { newSchedulerLoop } from "./scheduler.ts";

const nodes = 120;
const zones = 4;
const racks = 5;
const spreadOver = (label: string) =>
  ({ Preference: { case: "spread", value: { spreadDescriptor: `node.labels.${label}` } } }) as const;

/** Adds so many tasks of each service, one service after the other, `rounds` times, and has all placed each time. */
async function schedule(services: readonly Service[], tasksEach: number, rounds = 1): Promise<SimStore> {
  const clock = new SimClock();
  const store = newSimStore({ clock });
  await store.update(tx => {
    for (let n = 0; n < nodes; n++) {
      const labels = { zone: `z${n % zones}`, rack: `r${n % (zones * racks)}`, disk: n % 3 === 0 ? "hdd" : "ssd" };
      tx.node.create(aNode(`n${n}`, { labels }));
    }
  });
  const addTasks = (service: Service, round: number) =>
    store.update(tx => {
      for (let i = 1; i <= tasksEach; i++) {
        const slot = round * tasksEach + i;
        tx.task.create(aTask(service, `${service.id}.${slot}`, { slot, state: TaskState.PENDING }));
      }
    });
  for (const service of services) {
    await store.update(tx => tx.service.create(service));
    await addTasks(service, 0);
  }
  const random = new SimRandom(1);
  const scheduler = runLoop(newSchedulerLoop(clock), {
    store,
    clock,
    random,
    log: silentLogger,
    quorum: new FakeQuorum(),
  });
  const waiting = () => store.view(tx => [...tx.task.byNode("")].length);
  const placed = async () => {
    for (let turn = 0; turn < 100 && waiting() > 0; turn++) {
      await settle();
      await clock.advance(1);
    }
  };
  await placed();
  for (let round = 1; round < rounds; round++)
    for (const service of services) {
      await addTasks(service, round);
      await placed();
    }
  await scheduler.stop();
  expect(waiting()).toBe(0);
  return store;
}

/** Tasks by what `keyOf` says of their node; nodes without tasks count, too. */
function countsBy(store: SimStore, keyOf: (labels: Record<string, string>, id: string) => string): number[] {
  return store.view(tx => {
    const counts = new Map<string, number>();
    for (const { id, spec } of tx.node.all()) {
      const key = keyOf(spec.annotations.labels, id);
      counts.set(key, (counts.get(key) ?? 0) + [...tx.task.byNode(id)].length);
    }
    return [...counts.values()];
  });
}

const unevenness = (counts: readonly number[]) => Math.max(...counts) - Math.min(...counts);
const byNode = (_: Record<string, string>, id: string) => id;

describe("the scheduler", () => {
  it.each<[string, number, number]>([
    ["one service", 1, 1_300],
    ["one service of less than a task a node", 1, 70],
    ["many services", 40, 33],
  ])("places as evenly as can be: %s", async (_, count, tasksEach) => {
    const services = Array.from({ length: count }, (_, n) => aService(`s${n}`));
    const store = await schedule(services, tasksEach);
    expect(unevenness(countsBy(store, byNode))).toBeLessThanOrEqual(1);
    for (const { id } of services) {
      const places = store.view(tx => Array.from(tx.task.byService(id), task => task.nodeId));
      const most = Math.max(...places.map(place => places.filter(other => other === place).length));
      expect(most).toBe(Math.ceil(tasksEach / nodes));
    }
  });

  it("stays even while services grow by turns", async () => {
    const services = ["a", "b", "c"].map(id => aService(id));
    const store = await schedule(services, 37, 12);
    for (const { id } of services) {
      const ofService = store.view(tx =>
        Array.from(tx.node.all(), node => [...tx.task.byNode(node.id)].filter(task => task.serviceId === id).length),
      );
      expect(unevenness(ofService)).toBeLessThanOrEqual(1);
    }
    // That each service is even comes first, so all together need not be quite.
    expect(unevenness(countsBy(store, byNode))).toBeLessThanOrEqual(2);
  });

  it("places evenly over the nodes that meet constraints", async () => {
    const task: TaskSpecInit = { placement: { constraints: ["node.labels.disk==ssd"] } };
    const store = await schedule([aService("s", { task })], 777);
    const ssd = store.view(tx =>
      [...tx.node.all()]
        .filter(({ spec }) => spec.annotations.labels.disk === "ssd")
        .map(({ id }) => [...tx.task.byNode(id)].length),
    );
    expect(ssd.reduce((sum, count) => sum + count, 0)).toBe(777);
    expect(unevenness(ssd)).toBeLessThanOrEqual(1);
  });

  it("places evenly over zones, in them over racks, and in those over nodes", async () => {
    const task: TaskSpecInit = { placement: { preferences: [spreadOver("zone"), spreadOver("rack")] } };
    const store = await schedule([aService("s", { task })], 1_111);
    expect(unevenness(countsBy(store, ({ zone = "" }) => zone))).toBeLessThanOrEqual(1);
    expect(unevenness(countsBy(store, ({ rack = "" }) => rack))).toBeLessThanOrEqual(1);
    expect(unevenness(countsBy(store, byNode))).toBeLessThanOrEqual(1);
  });
});
