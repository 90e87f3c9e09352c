import { describe, expect, it } from "vitest";
import type { Task } from "../../model/task.ts";
import { SimRandom } from "../../sim/random.ts";
import { newSimStore, type SimStore } from "../../sim/store.ts";
import { PortConfig_PublishMode as PublishMode, TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aNode, aService, aTask } from "../objects.test-kit.ts";
import { Audit } from "./audit.ts";
import { NodeSet } from "./node-set.ts";
import type { Place } from "./place.ts";

const service = aService("s", {
  task: { resources: { reservations: { nanoCpus: 5n, memoryBytes: 7n } } },
  ports: [{ targetPort: 80, publishedPort: 80, publishMode: PublishMode.HOST }],
});
const { PENDING, RUNNING, FAILED, SHUTDOWN, ASSIGNED } = TaskState;

function sums(set: NodeSet) {
  const nodes = [...set.places()].map(({ node, usage }) => ({
    id: node.id,
    tasks: usage.tasks,
    ofService: usage.ofService("s"),
    nanoCpus: usage.nanoCpus,
    memoryBytes: usage.memoryBytes,
    port: usage.holdsHostPort("TCP/80"),
  }));
  const ranked = [...set.topologyFor(aTask(service, "t")).root.ranks.ascending()].map(({ usage }) => usage.tasks);
  const holders = Array.from(set.holders("s"), place => place.node.id).sort();
  return {
    nodes: nodes.sort((a, b) => (a.id < b.id ? -1 : 1)),
    pending: [...set.pending.ids()].sort(),
    ranked,
    holders,
  };
}

function audit(set: NodeSet, store: SimStore): void {
  store.view(tx => new Audit(set, tx)).advance(Number.POSITIVE_INFINITY);
}

/** Supposes that some of the tasks that wait get a node; returns them as they would be then. */
function supposeSome(set: NodeSet, below: (limit: number) => number): Task[] {
  const places = [...set.places()];
  const waiting = [...set.pending.groups(true)].flatMap(groups =>
    [...groups.values()].flatMap(group => [...group.values()]),
  );
  return set.supposing(suppose =>
    waiting
      .filter(() => below(2) === 0)
      .map(task => {
        const place = places[below(places.length)] as Place;
        const assigned = { ...task, nodeId: place.node.id, status: { ...task.status, state: ASSIGNED } };
        suppose(assigned, place);
        return assigned;
      }),
  );
}

describe("NodeSet", () => {
  it("adds up what is on each node as events tell it", () => {
    const set = new NodeSet();
    const version = 1n;
    set.apply({ kind: "node", action: "create", version, object: aNode("n") });
    const pending = aTask(service, "a", { state: PENDING });
    expect(set.apply({ kind: "task", action: "create", version, object: pending })).toBe("new task");
    expect([...set.pending.ids()]).toEqual(["a"]);
    const running = aTask(service, "a", { node: "n" });
    expect(set.apply({ kind: "task", action: "update", version, object: running, old: pending })).toBe("none");
    const empty = { id: "n", tasks: 0, ofService: 0, nanoCpus: 0n, memoryBytes: 0n, port: false };
    const held = { ...empty, nanoCpus: 5n, memoryBytes: 7n, port: true };
    expect(sums(set)).toEqual({
      nodes: [{ ...held, tasks: 1, ofService: 1 }],
      pending: [],
      ranked: [1],
      holders: ["n"],
    });
    const stopping = aTask(service, "a", { node: "n", desired: SHUTDOWN });
    expect(set.apply({ kind: "task", action: "update", version, object: stopping, old: running })).toBe("room");
    expect(sums(set).nodes).toEqual([held]);
    const stopped = aTask(service, "a", { node: "n", desired: SHUTDOWN, state: SHUTDOWN });
    expect(set.apply({ kind: "task", action: "update", version, object: stopped, old: stopping })).toBe("room");
    expect(sums(set).nodes).toEqual([empty]);
  });

  it.each([1, 2, 3])("comes from events to what an audit finds (seed %d)", async seed => {
    const store = newSimStore();
    const random = new SimRandom(seed);
    const followed = new NodeSet();
    store.onCommit(events => {
      for (const event of events) followed.apply(event);
    });
    const below = (limit: number) => Math.floor(random.float() * limit);
    const pick = <T>(items: readonly T[]) => items[below(items.length)]!;
    await store.update(tx => {
      tx.service.create(service);
      for (const id of ["a", "b", "c"]) tx.node.create(aNode(id));
    });
    for (let i = 0; i < 300; i++) {
      const supposed = below(2) === 0 ? supposeSome(followed, below) : [];
      if (below(3) > 0)
        await store.update(tx => {
          for (const task of supposed) if (below(4) > 0) tx.task.update(task);
        });
      await store.update(tx => {
        const state = pick([PENDING, ASSIGNED, RUNNING, RUNNING, FAILED, SHUTDOWN]);
        const init = {
          node: state === PENDING ? "" : pick(["a", "b", "c"]),
          state,
          desired: pick([RUNNING, SHUTDOWN]),
        };
        const id = `t${below(20)}`;
        const stored = tx.task.get(id);
        if (!stored) tx.task.create(aTask(service, id, init));
        else if (below(4) === 0) tx.task.remove(id);
        else tx.task.update({ ...aTask(service, id, init), meta: stored.meta });
      });
    }
    // Whatever has not come about is forgotten.
    followed.supposing(() => {});
    const audited = new NodeSet();
    audit(audited, store);
    expect(sums(followed)).toEqual(sums(audited));
    const before = sums(audited);
    audit(audited, store);
    expect(sums(audited)).toEqual(before);
  });

  it("is set right by an audit when events were missed", async () => {
    const store = newSimStore();
    const set = new NodeSet();
    await store.update(tx => {
      tx.service.create(service);
      tx.node.create(aNode("a"));
      tx.task.create(aTask(service, "t", { node: "a" }));
      tx.task.create(aTask(service, "p", { state: PENDING }));
    });
    audit(set, store);
    expect(sums(set).nodes[0]?.tasks).toBe(1);
    await store.update(tx => {
      tx.task.remove("t");
      tx.task.remove("p");
      tx.node.create(aNode("b"));
    });
    audit(set, store);
    expect(sums(set).nodes.map(node => [node.id, node.tasks])).toEqual([
      ["a", 0],
      ["b", 0],
    ]);
    expect(sums(set).pending).toEqual([]);
  });

  it("is not set back by an audit to what was before an event", async () => {
    const store = newSimStore();
    const set = new NodeSet();
    await store.update(tx => {
      tx.service.create(service);
      tx.node.create(aNode("a"));
      for (const id of ["t", "u", "v"]) tx.task.create(aTask(service, id, { node: "a" }));
    });
    const slow = store.view(tx => new Audit(set, tx));
    store.onCommit(events => {
      for (const event of events) {
        slow.note(event);
        set.apply(event);
      }
    });
    slow.advance(2);
    expect([slow.done, set.place("a")?.usage.tasks]).toEqual([false, 1]);
    await store.update(tx => {
      for (const id of ["t", "u"]) tx.task.remove(id);
      tx.node.create(aNode("b"));
      tx.task.create(aTask(service, "w", { node: "b" }));
    });
    slow.advance(100);
    expect(slow.done).toBe(true);
    const fresh = new NodeSet();
    audit(fresh, store);
    expect(sums(set)).toEqual(sums(fresh));
  });
});
