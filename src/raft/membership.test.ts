import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.test-kit.ts";
import { type ConfigChange, leaveJoint, type MemberChange } from "./config-change.ts";
import type { Entry, NodeId } from "./entry.ts";
import { operationBytes } from "./machine.test-kit.ts";
import { inWords } from "./soak-invariants.test-kit.ts";

function change(
  transition: ConfigChange["transition"],
  ...changes: readonly [MemberChange["kind"], NodeId][]
): ConfigChange {
  return { transition, changes: changes.map(([kind, id]) => ({ kind, id })), tag: 0n, context: new Uint8Array() };
}

/** Node 1 leads. */
function led(size: number): Cluster {
  const cluster = new Cluster(size);
  cluster.elect(1n);
  return cluster;
}

function reconfigure(cluster: Cluster, wanted: ConfigChange): string {
  const result = cluster.node(1n).proposeConfigChange(wanted);
  cluster.settle();
  return result.kind;
}

const isLeaving = (entry: Entry): boolean => entry.kind === "config" && entry.change.changes.length === 0;

const configurations = (cluster: Cluster): string[] => [
  ...new Set(cluster.up().map(host => inWords(host.node.configuration))),
];

describe("a node that joins", () => {
  it("gets everything, and counts", () => {
    const cluster = led(1);
    cluster.add(2n).start();
    reconfigure(cluster, change("auto", ["add-voter", 2n]));
    cluster.tick(2);
    expect(configurations(cluster)).toEqual(["[1,2] learners [] then []"]);
    cluster.host(2n).crash();
    cluster.node(1n).propose([operationBytes(1)]);
    cluster.settle();
    expect(cluster.host(1n).machine.value).toBe(0);
    cluster.host(2n).start();
    cluster.tick(2);
    expect(cluster.up().map(host => host.machine.value)).toEqual([1, 1]);
  });

  it("gets a snapshot from before it joined when the log is gone, and what follows", () => {
    const cluster = led(3);
    cluster.node(1n).propose([1, 2, 3].map(operation => operationBytes(operation)));
    cluster.settle();
    cluster.host(1n).compact(0n);
    cluster.add(4n).start();
    reconfigure(cluster, change("auto", ["add-voter", 4n]));
    cluster.tick(2);
    expect(configurations(cluster)).toEqual(["[1,2,3,4] learners [] then []"]);
    expect(cluster.host(4n).machine).toEqual(cluster.host(1n).machine);
  });

  it("as a learner gets everything, does not count and does not stand for election until it is promoted", () => {
    const cluster = led(1);
    cluster.add(2n).start();
    reconfigure(cluster, change("auto", ["add-learner", 2n]));
    cluster.tick(2);
    expect(configurations(cluster)).toEqual(["[1] learners [2] then []"]);
    cluster.isolate(2n);
    cluster.node(1n).propose([operationBytes(1)]);
    cluster.settle();
    expect(cluster.host(1n).machine.value).toBe(1);
    for (let tick = 0; tick < 50; tick++) cluster.node(2n).tick();
    cluster.node(2n).campaign();
    expect(cluster.node(2n).status.role).toBe("follower");
    cluster.heal();
    cluster.tick(2);
    reconfigure(cluster, change("auto", ["add-voter", 2n]));
    expect(configurations(cluster)).toEqual(["[1,2] learners [] then []"]);
    expect(cluster.host(2n).machine.value).toBe(1);
  });
});

describe("a node that is removed", () => {
  it("learns of it, does not count any more, and disturbs nobody", () => {
    const cluster = led(3);
    reconfigure(cluster, change("auto", ["remove", 3n]));
    expect(configurations(cluster)).toEqual(["[1,2] learners [] then []"]);
    cluster.tick(100);
    expect([cluster.leaders(), cluster.node(1n).status.term]).toEqual([[1n], 2n]);
    cluster.host(2n).crash();
    cluster.node(1n).propose([operationBytes(1)]);
    cluster.settle();
    expect(cluster.host(1n).machine.value).toBe(0);
  });

  it("may be the leader: it commits that, tells the others, and leads no longer", () => {
    const cluster = led(3);
    reconfigure(cluster, change("auto", ["remove", 1n]));
    expect(cluster.node(1n).status.role).toBe("follower");
    expect(configurations(cluster)).toEqual(["[2,3] learners [] then []"]);
    cluster.host(1n).crash();
    cluster.tick(40);
    expect(cluster.leaders()).toHaveLength(1);
  });

  it("may be one of two", () => {
    const cluster = led(2);
    reconfigure(cluster, change("auto", ["remove", 1n]));
    cluster.host(1n).crash();
    cluster.tick(40);
    expect(cluster.leaders()).toEqual([2n]);
  });

  it("still tells who missed it that it is committed, when it is asked for its vote", () => {
    const cluster = led(2);
    cluster.passes = message => message.type !== "append" || message.entries.length > 0 || message.commit < 4n;
    reconfigure(cluster, change("auto", ["remove", 1n]));
    expect(cluster.up().map(host => inWords(host.node.configuration))).toEqual([
      "[2] learners [] then []",
      "[1,2] learners [] then []",
    ]);
    cluster.tick(60);
    expect(cluster.leaders()).toEqual([2n]);
    expect(configurations(cluster)).toEqual(["[2] learners [] then []"]);
  });
});

describe("several changes together", () => {
  it("go through a joint configuration that the leader leaves by itself", () => {
    const cluster = led(3);
    for (const id of [4n, 5n]) cluster.add(id).start();
    cluster
      .node(1n)
      .proposeConfigChange(change("auto", ["add-voter", 4n], ["add-voter", 5n], ["remove", 3n], ["add-learner", 2n]));
    // More is applied while the leader is about to leave: it does so once.
    cluster.node(1n).propose([operationBytes(1), operationBytes(2)]);
    cluster.tick(3);
    expect(cluster.host(1n).view.entries(1n, cluster.host(1n).view.lastIndex, 10_000).filter(isLeaving)).toHaveLength(
      1,
    );
    expect(
      new Set(
        cluster
          .up()
          .filter(host => host.id !== 3n)
          .map(host => inWords(host.node.configuration)),
      ),
    ).toEqual(new Set(["[1,4,5] learners [2] then []"]));
  });

  it("need a majority of both halves while they last", () => {
    const cluster = led(3);
    for (const id of [4n, 5n, 6n]) cluster.add(id).start();
    const newcomers: [MemberChange["kind"], NodeId][] = [
      ["add-voter", 4n],
      ["add-voter", 5n],
      ["add-voter", 6n],
    ];
    reconfigure(cluster, change("joint-explicit", ...newcomers, ["remove", 2n], ["remove", 3n]));
    cluster.tick(2);
    expect(inWords(cluster.node(6n).configuration)).toBe("[1,4,5,6] from [1,2,3]! learners [] then []");
    const halves: NodeId[][] = [
      [2n, 3n],
      [5n, 6n],
    ];
    for (const [place, half] of halves.entries()) {
      for (const id of half) cluster.isolate(id);
      cluster.node(1n).propose([operationBytes(place + 1)]);
      cluster.tick(2);
      expect(cluster.host(1n).machine.value).toBe(place);
      cluster.heal();
      cluster.tick(2);
      expect(cluster.host(1n).machine.value).toBe(place + 1);
    }
    expect(reconfigure(cluster, leaveJoint)).toBe("appended");
    expect(inWords(cluster.node(6n).configuration)).toBe("[1,4,5,6] learners [] then []");
  });

  it("are gone through to their end by the next leader", () => {
    const cluster = led(4);
    cluster.passes = message => message.type !== "append" || !message.entries.some(isLeaving);
    reconfigure(cluster, change("joint", ["remove", 4n]));
    cluster.tick(2);
    expect(configurations(cluster)).toEqual(["[1,2,3] from [1,2,3,4] learners [] then []"]);
    cluster.host(1n).crash();
    cluster.passes = () => true;
    cluster.tick(60);
    expect(configurations(cluster)).toEqual(["[1,2,3] learners [] then []"]);
  });
});

describe("a change", () => {
  it("waits for the one before it, and for whatever a new leader found in its log", () => {
    const cluster = led(3);
    const update = change("auto", ["update", 2n]);
    expect(cluster.node(1n).proposeConfigChange(update).kind).toBe("appended");
    expect(cluster.node(1n).proposeConfigChange(update)).toMatchObject({ kind: "refused", reason: "config pending" });
    cluster.settle();
    expect(cluster.node(1n).proposeConfigChange(update).kind).toBe("appended");
    cluster.isolate(1n);
    cluster.node(1n).propose([operationBytes(1)]);
    cluster.settle();
    cluster.heal();
    cluster.passes = message => message.type !== "append";
    cluster.node(1n).stepDown();
    cluster.elect(1n);
    expect(cluster.leaders()).toEqual([1n]);
    expect(cluster.node(1n).proposeConfigChange(update)).toMatchObject({ kind: "refused", reason: "config pending" });
  });

  it("that makes no sense is refused", () => {
    const cluster = led(1);
    expect(cluster.node(1n).proposeConfigChange(change("auto", ["remove", 1n]))).toMatchObject({
      kind: "refused",
      reason: "invalid",
      detail: "no voters would be left",
    });
    expect(cluster.node(1n).proposeConfigChange(leaveJoint)).toMatchObject({ kind: "refused", reason: "invalid" });
  });

  it("takes from its quorum what only that held up", () => {
    const cluster = led(4);
    for (const id of [3n, 4n]) cluster.host(id).crash();
    cluster.node(1n).propose([operationBytes(1)]);
    cluster.settle();
    expect(cluster.host(1n).machine.value).toBe(0);
    cluster.host(3n).start();
    cluster.settle();
    cluster.tick(2);
    reconfigure(cluster, change("auto", ["remove", 4n]));
    cluster.host(3n).crash();
    cluster.node(1n).propose([operationBytes(2)]);
    cluster.settle();
    expect(cluster.host(1n).machine.value).toBe(2);
  });

  it("ends a handing over to who is no voter any more", () => {
    const cluster = led(3);
    cluster.host(3n).crash();
    cluster.node(1n).proposeConfigChange(change("auto", ["remove", 3n]));
    cluster.node(1n).transferLeadership(3n);
    cluster.settle();
    expect(cluster.node(1n).status.transferee).toBe(0n);
  });
});
