import { beforeEach, describe, expect, it } from "vitest";
import { managerHost } from "../dispatcher/dispatcher.test-kit.ts";
import { sampleSecret } from "../sim/samples.ts";
import { NodeRole, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { SwarmWorld } from "./agent.test-kit.ts";
import type { Link } from "./agent.ts";

let world: SwarmWorld;

beforeEach(async () => {
  world = new SwarmWorld();
  await world.start(["n1", "n2"]);
});

describe("a restart of the agent", () => {
  it("leaves running tasks alone", async () => {
    const worker = world.worker("n1");
    await world.assign("a", "n1");
    await world.settle();
    const before = worker.machine.containers.get("a")!.instance;
    worker.machine.operations.length = 0;
    await world.restart(worker);
    await world.settle();
    expect(worker.machine.containers.get("a")!.instance).toEqual(before);
    expect(worker.machine.operations.filter(each => /^(prepare|start|stop|remove)/.test(each))).toEqual([]);
    expect(world.said("a")).toBe("RUNNING | started");
  });

  it("finds out what ended meanwhile", async () => {
    const worker = world.worker("n1");
    for (const id of ["a", "b", "c"]) await world.assign(id, "n1");
    await world.settle();
    await world.stop(worker);
    worker.machine.exit("a", 7);
    worker.machine.remove("b");
    await world.want("c", TaskState.SHUTDOWN);
    await world.restart(worker);
    await world.settle();
    expect(world.said("a")).toBe("FAILED | started | task: non-zero exit (7)");
    expect(world.said("b")).toBe("FAILED | started | task: its container is gone");
    expect(world.said("c")).toBe("SHUTDOWN | shutdown");
  });

  it("remembers what no manager was told: why it stopped a container", async () => {
    const worker = world.worker("n1");
    worker.machine.images.set("ill", { health: { afterMs: 0, says: "healthy" }, stopMs: 5_000 });
    await world.assign("a", "n1", { image: "ill" });
    await world.settle();
    expect(world.said("a")).toBe("RUNNING | started");
    worker.machine.setHealth("a", "unhealthy");
    await world.settle();
    await world.restart(worker);
    await world.clock.advance(10_000);
    expect(world.said("a")).toMatch(/FAILED .* unhealthy container$/);
  });

  it("works without what was noted", async () => {
    const worker = world.worker("n1");
    await world.assign("a", "n1");
    await world.settle();
    await world.stop(worker);
    await worker.disk.replace("/worker/tasks.json", Buffer.from("{ broken"));
    await world.restart(worker);
    await world.settle();
    expect(world.said("a")).toBe("RUNNING | started");
    expect(worker.machine.operations.filter(each => each === "start a")).toHaveLength(1);
  });

  it("writes no spec and no secret down", async () => {
    const worker = world.worker("n1");
    await world.store.update(tx => tx.secret.create(sampleSecret("s1", "s1", Buffer.from("hidden"))));
    await world.assign("a", "n1", { secrets: [{ secretId: "s1" }], env: ["PASSWORD=hidden"] });
    await world.settle();
    await world.stop(worker);
    const noted = Buffer.from((await worker.disk.read("/worker/tasks.json"))!).toString();
    expect(JSON.parse(noted)).toMatchObject({ tasks: [{ id: "a", status: { state: "RUNNING" } }] });
    expect(noted).not.toMatch(/hidden|aGlkZGVu|PASSWORD/);
  });

  it("removes containers that no manager knows, but not before a manager has said what it knows", async () => {
    const worker = world.worker("n1");
    await world.assign("a", "n1");
    await world.settle();
    await world.stop(worker);
    const stray = worker.machine.create("n1", "stray", "sleep");
    worker.machine.run(stray);
    worker.machine.create("other-node", "foreign", "sleep");
    await world.stopLeading();
    await world.restart(worker);
    await world.clock.advance(120_000);
    expect([...worker.machine.containers.keys()]).toEqual(["a", "stray", "foreign"]);
    await world.lead();
    await world.clock.advance(10_000);
    expect([...worker.machine.containers.keys()]).toEqual(["a", "foreign"]);
    expect(worker.machine.containers.get("a")?.instance.state).toBe("running");
  });
});

describe("managers that cannot be reached", () => {
  it("change nothing for running tasks; what ends is reported later", async () => {
    const { machine } = world.worker("n1");
    await world.assign("a", "n1");
    await world.assign("b", "n1");
    await world.settle();
    await world.stopLeading();
    machine.exit("a", 1);
    await world.clock.advance(300_000);
    expect(machine.containers.get("b")?.instance.state).toBe("running");
    await world.lead();
    await world.clock.advance(10_000);
    expect(world.said("a")).toBe("FAILED | started | task: non-zero exit (1)");
    expect(world.said("b")).toBe("RUNNING | started");
    expect(world.nodeState("n1")).toBe("READY");
  });

  it("lose sight of the node in a partition, and find it again after", async () => {
    const { machine } = world.worker("n1");
    await world.assign("a", "n1");
    await world.settle();
    world.network.partition("n1", managerHost);
    await world.clock.advance(30_000);
    expect(world.nodeState("n1")).toBe("DOWN");
    await world.want("a", TaskState.SHUTDOWN);
    await world.assign("b", "n1");
    await world.clock.advance(60_000);
    expect(machine.containers.get("a")?.instance.state).toBe("running");
    world.network.heal("n1", managerHost);
    await world.clock.advance(20_000);
    expect(world.nodeState("n1")).toBe("READY");
    expect([world.said("a"), world.said("b")]).toEqual(["SHUTDOWN | shutdown", "RUNNING | started"]);
  });

  it("are resumed after a broken connection without a new registration", async () => {
    const links: Link[] = [];
    world.worker("n1", { onLink: link => links.push(link) });
    await world.settle();
    for (let count = 0; count < 10; count++) {
      world.network.cut("n1", managerHost);
      await world.clock.advance(500);
    }
    expect(links.filter(link => !link.connected)).toHaveLength(10);
    expect(links.at(-1)).toMatchObject({ connected: true });
    expect(world.nodeState("n1")).toBe("READY");
  });

  it("are tried again ever more slowly, but at least every eight seconds", async () => {
    const tries: number[] = [];
    await world.stopLeading();
    world.worker("n1", { onLink: link => !link.connected && tries.push(world.clock.monotonic()) });
    await world.clock.advance(120_000);
    const gaps = tries.slice(1).map((at, i) => at - tries[i]!);
    expect(gaps[0]).toBeLessThanOrEqual(100);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(8_000);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(4_000);
    expect(tries.length).toBeLessThan(40);
  });
});

describe("what an agent tells and is told", () => {
  it("is its description, again when that changes", async () => {
    const { machine } = world.worker("n1");
    await world.settle();
    const described = () => world.store.view(tx => tx.node.get("n1"))?.description;
    expect(described()?.hostname).toBe("n1");
    machine.description = { ...machine.description, hostname: "renamed" };
    await world.clock.advance(61_000);
    expect(described()?.hostname).toBe("renamed");
    await world.assign("a", "n1");
    await world.settle();
    expect(world.said("a")).toBe("RUNNING | started");
  });

  it("are its role, the root certificate and the managers", async () => {
    const roles: NodeRole[] = [];
    const roots: string[] = [];
    const managers: unknown[] = [];
    world.worker("n1", {
      onNode: node => roles.push(node.role),
      onRootCa: pem => roots.push(Buffer.from(pem).toString()),
      onManagers: known => managers.push(known),
    });
    await world.settle();
    await world.store.update(tx => tx.node.update({ ...tx.node.get("n1")!, role: NodeRole.MANAGER }));
    await world.settle();
    expect(roles).toEqual([NodeRole.WORKER, NodeRole.MANAGER]);
    expect(roots).toEqual(["root certificate"]);
    expect(managers).toEqual([[{ nodeId: "manager", address: "10.0.0.1:2377", weight: 10 }]]);
  });

  it("ends when the node is removed: it is not let in again, and its tasks run on", async () => {
    let last: Link | undefined;
    const { machine } = world.worker("n1", {
      onLink: link => {
        last = link;
      },
    });
    await world.assign("a", "n1");
    await world.settle();
    await world.store.update(tx => tx.node.remove("n1"));
    await world.clock.advance(20_000);
    expect(last).toMatchObject({ connected: false, fault: { code: "not_found", message: "node not found" } });
    expect(machine.containers.get("a")?.instance.state).toBe("running");
  });

  it("copes with a thousand tasks at once", async () => {
    const { machine } = world.worker("n1");
    await world.settle();
    const version = world.store.version;
    for (let i = 0; i < 1_000; i++) await world.assign(`t${i}`, "n1");
    await world.clock.advance(3_000);
    const states = world.store.view(tx => [...tx.task.byNode("n1")].map(task => task.status.state));
    expect(states).toHaveLength(1_000);
    expect(new Set(states)).toEqual(new Set([TaskState.RUNNING]));
    expect(machine.operations.filter(each => each.startsWith("start "))).toHaveLength(1_000);
    // A thousand creations, and far fewer writes than there were changes of state.
    expect(Number(world.store.version - version) - 1_000).toBeLessThan(60);
  });
});
