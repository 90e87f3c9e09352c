import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Service } from "../model/objects.ts";
import { newMeta } from "../model/objects.ts";
import { silentLogger } from "../ports/log.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimRandom } from "../sim/random.ts";
import { newSimStore } from "../sim/store.ts";
import { ServiceSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ServiceSpecSchema, TaskSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { FakeQuorum } from "./fake-quorum.test-kit.ts";
import type { Loop } from "./loop.ts";
import { rescanPeriodMs, runLoop } from "./runner.ts";

function service(id: string): Service {
  const annotations = create(AnnotationsSchema, { name: id });
  return {
    ...create(ServiceSchema, { id }),
    meta: newMeta(),
    spec: { ...create(ServiceSpecSchema), annotations, task: create(TaskSpecSchema) },
  };
}

/** Sets pendingDelete on every service it looks at. */
function markingLoop(looks: string[]): Loop<Service> {
  return {
    name: "marking",
    watches: ["service"],
    keysOf: event => (event.kind === "service" && event.action !== "remove" ? [event.object.id] : []),
    allKeys: tx => [...tx.service.all()].map(found => found.id),
    observe: (tx, key) => tx.service.get(key),
    decide: found => {
      looks.push(found.id);
      if (found.pendingDelete) return { writes: [] };
      return { writes: [{ kind: "update service", service: { ...found, pendingDelete: true } }] };
    },
  };
}

function setup(hold = false) {
  const clock = new SimClock();
  const store = newSimStore({ clock, hold });
  const looks: string[] = [];
  const start = (loop = markingLoop(looks)) =>
    runLoop(loop, { store, clock, random: new SimRandom(), log: silentLogger, quorum: new FakeQuorum() });
  const marked = () => store.view(tx => [...tx.service.all()].filter(s => s.pendingDelete).map(s => s.id));
  return { clock, store, looks, start, marked };
}

describe("runLoop", () => {
  it("acts on what was there before it started and on what comes later", async () => {
    const { store, start, marked } = setup();
    await store.update(tx => tx.service.create(service("a")));
    const running = start();
    await store.update(tx => tx.service.create(service("b")));
    await settle();
    expect(marked().sort()).toEqual(["a", "b"]);
    await running.stop();
  });

  it("looks at everything once a period, though no event came", async () => {
    const { clock, store, looks, start } = setup();
    await store.update(tx => tx.service.create(service("a")));
    const running = start();
    await clock.advance(1);
    const before = looks.length;
    await clock.advance(rescanPeriodMs);
    expect(looks.length).toBe(before + 1);
    await running.stop();
    expect(clock.pending).toBe(0);
  });

  it("tries again after a fault", async () => {
    const { clock, store, start, marked } = setup();
    await store.update(tx => tx.service.create(service("a")));
    store.proposer.setLeader(false);
    const running = start();
    await clock.advance(1000);
    expect(marked()).toEqual([]);
    store.proposer.setLeader(true);
    await clock.advance(10_000);
    expect(marked()).toEqual(["a"]);
    await running.stop();
  });

  it("writes nothing after stop has resolved", async () => {
    const { clock, store, start, marked } = setup();
    const running = start();
    await running.stop();
    await store.update(tx => tx.service.create(service("a")));
    await clock.advance(2 * rescanPeriodMs);
    expect(marked()).toEqual([]);
  });

  it("waits in stop for what is being committed", async () => {
    const { store, start, marked } = setup(true);
    const created = store.update(tx => tx.service.create(service("a")));
    await settle();
    store.proposer.release();
    await created;
    const running = start();
    await settle();
    let stopped = false;
    const stopping = running.stop().then(() => {
      stopped = true;
    });
    await settle();
    expect(stopped).toBe(false);
    store.proposer.release();
    await stopping;
    expect(marked()).toEqual(["a"]);
  });

  it("decides on less at a time when the writes do not fit into a log entry", async () => {
    const { clock, store } = setup();
    const label = "x".repeat(20_000);
    const names = Array.from({ length: 150 }, (_, i) => `s${i}`);
    for (const name of names) await store.update(tx => tx.service.create(service(name)));
    const labelling: Loop<readonly Service[]> = {
      name: "labelling",
      watches: [],
      keysOf: () => [],
      allKeys: () => ["all"],
      observe: tx => [...tx.service.all()].filter(found => found.spec.annotations.labels.big === undefined),
      decide: (found, { maxWrites }) => ({
        writes: found.slice(0, maxWrites).map(one => {
          const annotations = { ...one.spec.annotations, labels: { big: label } };
          return { kind: "update service", service: { ...one, spec: { ...one.spec, annotations } } };
        }),
      }),
    };
    const ports = { store, clock, random: new SimRandom(), log: silentLogger, quorum: new FakeQuorum() };
    const running = runLoop(labelling, ports);
    await clock.advance(60_000);
    const labelled = store.view(tx => [...tx.service.all()].filter(s => s.spec.annotations.labels.big === label));
    expect(labelled.length).toBe(names.length);
    await running.stop();
  });

  it("gets through more keys than one turn takes", async () => {
    const { clock, store, start, marked } = setup();
    const names = Array.from({ length: 1200 }, (_, i) => `s${i}`);
    await store.update(tx => {
      for (const name of names) tx.service.create(service(name));
    });
    const running = start();
    await clock.advance(10);
    expect(marked().length).toBe(1200);
    await running.stop();
  });
});
