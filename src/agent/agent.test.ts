import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { sampleConfig, sampleSecret } from "../sim/samples.ts";
import { DriverSchema, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { SwarmWorld } from "./agent.test-kit.ts";

let world: SwarmWorld;

beforeEach(async () => {
  world = new SwarmWorld();
  await world.start(["n1", "n2"]);
});

describe("a task on its way", () => {
  it("comes to run, with its container told to the managers", async () => {
    const { machine } = world.worker("n1");
    await world.assign("a", "n1");
    await world.settle();
    expect(world.said("a")).toBe("RUNNING | started");
    const { containerId, pid } = machine.containers.get("a")!.instance;
    expect(world.task("a").status.runtimeStatus).toMatchObject({ case: "container", value: { containerId, pid } });
    expect(machine.operations.filter(each => each.endsWith(" a"))).toEqual(["inspect a", "prepare a", "start a"]);
  });

  it("waits, prepared, until it is wanted to run", async () => {
    world.worker("n1");
    await world.assign("a", "n1", { desiredState: TaskState.READY });
    await world.settle();
    expect(world.said("a")).toBe("READY | prepared");
    await world.want("a", TaskState.RUNNING);
    await world.settle();
    expect(world.said("a")).toBe("RUNNING | started");
  });

  it("says how its preparation goes", async () => {
    const { machine } = world.worker("n1");
    machine.images.set("big", { prepareMs: 5_000 });
    await world.assign("a", "n1", { image: "big" });
    await world.settle();
    expect(world.said("a")).toBe("PREPARING | preparing | downloading big");
    await world.clock.advance(5_000);
    expect(world.said("a")).toBe("RUNNING | started");
  });

  it("is not held up by others that wait for their images", async () => {
    const { machine } = world.worker("n1");
    machine.images.set("big", { prepareMs: 3_600_000 });
    for (let n = 0; n < 100; n++) await world.assign(`big-${n}`, "n1", { image: "big" });
    await world.assign("a", "n1");
    await world.settle();
    expect(world.said("big-99")).toBe("PREPARING | preparing | downloading big");
    expect(world.said("a")).toBe("RUNNING | started");
  });

  it("breaks off its preparation when it is no longer wanted", async () => {
    const { machine } = world.worker("n1");
    machine.images.set("big", { prepareMs: 3_600_000 });
    await world.assign("a", "n1", { image: "big" });
    await world.settle();
    await world.want("a", TaskState.SHUTDOWN);
    await world.settle();
    expect(world.said("a")).toBe("SHUTDOWN | shutdown");
    expect(machine.containers.size).toBe(0);
  });

  it("leaves nothing behind when a preparation cannot be broken off", async () => {
    const { machine, runtime } = world.worker("n1");
    machine.images.set("big", { prepareMs: 60_000 });
    const prepare = runtime.prepare.bind(runtime);
    runtime.prepare = (task, dependencies, progress) => prepare(task, dependencies, progress);
    await world.assign("a", "n1", { image: "big" });
    await world.settle();
    await world.want("a", TaskState.SHUTDOWN);
    await world.settle();
    expect(world.said("a")).toBe("SHUTDOWN | shutdown");
    await world.forget("a");
    await world.clock.advance(30_000);
    expect(machine.operations).not.toContain("remove a");
    await world.clock.advance(30_000);
    expect(machine.operations.at(-1)).toBe("remove a");
    expect(machine.containers.size).toBe(0);
  });

  it("runs after all when it is forgotten and assigned again", async () => {
    const { machine } = world.worker("n1");
    machine.images.set("big", { prepareMs: 10_000 });
    await world.assign("a", "n1", { image: "big" });
    await world.settle();
    await world.forget("a");
    await world.clock.advance(100);
    await world.assign("a", "n1", { image: "big" });
    await world.clock.advance(30_000);
    expect(world.said("a")).toBe("RUNNING | started");
    expect(machine.containers.size).toBe(1);
  });

  it("is rejected without its image", async () => {
    world.worker("n1");
    await world.assign("a", "n1", { image: "nowhere" });
    await world.settle();
    expect(world.said("a")).toBe("REJECTED | preparing | No such image: nowhere");
  });

  it("is rejected for a template that cannot be expanded", async () => {
    const { machine } = world.worker("n1");
    await world.assign("a", "n1", { hostname: "{{.Service.Labels.tier}}" });
    await world.settle();
    expect(world.said("a")).toMatch(/^REJECTED \| preparing \| expanding hostname failed: .*no entry for key "tier"$/);
    expect(machine.containers.size).toBe(0);
  });

  it("fails when it cannot be started", async () => {
    const { machine } = world.worker("n1");
    machine.images.set("broken", { startError: "exec: no such program" });
    await world.assign("a", "n1", { image: "broken" });
    await world.settle();
    expect(world.said("a")).toBe("FAILED | starting | exec: no such program");
  });

  it("waits for an engine that cannot be reached, and says so", async () => {
    const { machine } = world.worker("n1");
    await world.settle();
    machine.reachable = false;
    await world.assign("a", "n1");
    await world.clock.advance(30_000);
    expect(world.said("a")).toBe("ASSIGNED | waiting for the container engine: Cannot connect to the Docker daemon");
    machine.reachable = true;
    await world.clock.advance(8_000);
    await world.settle();
    expect(world.said("a")).toBe("RUNNING | started");
  });

  it("is not given up for an engine that answers nonsense, nor asked for ever faster", async () => {
    const { machine, runtime } = world.worker("n1");
    const inspect = runtime.inspect.bind(runtime);
    runtime.inspect = async () => {
      throw new Fault("internal", "nonsense");
    };
    await world.assign("a", "n1");
    await world.clock.advance(60_000);
    expect(world.said("a")).toBe("ASSIGNED");
    runtime.inspect = inspect;
    let tries = 0;
    runtime.prepare = async () => {
      tries += 1;
      throw new Fault("unavailable", "the registry is busy");
    };
    await world.clock.advance(60_000);
    expect(world.said("a")).toBe("PREPARING | preparing | waiting for the container engine: the registry is busy");
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(20);
    expect(machine.containers.size).toBe(0);
  });

  it("says what it waits for when the engine goes away in the middle", async () => {
    const { machine } = world.worker("n1");
    machine.images.set("big", { prepareMs: 5_000 });
    await world.assign("a", "n1", { image: "big", desiredState: TaskState.READY });
    await world.settle();
    await world.clock.advance(5_000);
    machine.reachable = false;
    await world.want("a", TaskState.RUNNING);
    await world.settle();
    const waiting = "waiting for the container engine: Cannot connect to the Docker daemon";
    expect(world.said("a")).toBe(`STARTING | starting | ${waiting}`);
    machine.reachable = true;
    await world.clock.advance(10_000);
    expect(world.said("a")).toBe("RUNNING | started");
  });

  it("is starting until it is healthy, and fails when it is not", async () => {
    const { machine } = world.worker("n1");
    machine.images.set("well", { health: { afterMs: 3_000, says: "healthy" } });
    machine.images.set("ill", { health: { afterMs: 3_000, says: "unhealthy" } });
    await world.assign("a", "n1", { image: "well" });
    await world.assign("b", "n1", { image: "ill" });
    await world.settle();
    expect([world.said("a"), world.said("b")]).toEqual(["STARTING | starting", "STARTING | starting"]);
    await world.clock.advance(4_000);
    expect(world.said("a")).toBe("RUNNING | started");
    expect(world.said("b")).toBe("FAILED | starting | task: non-zero exit (143): dockerexec: unhealthy container");
    machine.setHealth("a", "unhealthy");
    await world.settle();
    expect(world.said("a")).toBe("FAILED | started | task: non-zero exit (143): dockerexec: unhealthy container");
    expect(machine.containers.get("a")?.instance.state).toBe("exited");
  });

  it.each([
    [0, "COMPLETE | finished"],
    [3, "FAILED | started | task: non-zero exit (3)"],
  ])("ends with its program: exit code %i", async (code, said) => {
    const { machine } = world.worker("n1");
    machine.images.set("job", { exit: { afterMs: 60_000, code } });
    await world.assign("a", "n1", { image: "job" });
    await world.clock.advance(59_000);
    expect(world.said("a")).toBe("RUNNING | started");
    await world.clock.advance(2_000);
    expect(world.said("a")).toBe(said);
    expect(world.task("a").status.runtimeStatus.value?.exitCode).toBe(code);
  });

  it("that has ended is stopped again when somebody starts its container", async () => {
    const { machine } = world.worker("n1");
    await world.assign("a", "n1");
    await world.settle();
    const container = machine.containers.get("a")!;
    machine.exit("a", 1);
    await world.settle();
    machine.run(container);
    await world.settle();
    expect(container.instance.state).toBe("exited");
    expect(world.said("a")).toBe("FAILED | started | task: non-zero exit (1)");
    await world.forget("a");
    await world.settle();
    expect(machine.containers.has("a")).toBe(false);
  });

  it("stops when it is told to; its container stays until the task is forgotten", async () => {
    const { machine } = world.worker("n1");
    await world.assign("a", "n1");
    await world.settle();
    await world.want("a", TaskState.SHUTDOWN);
    await world.settle();
    expect(world.said("a")).toBe("SHUTDOWN | shutdown");
    expect(machine.containers.get("a")?.instance.state).toBe("exited");
    await world.forget("a");
    await world.settle();
    expect(machine.containers.has("a")).toBe(false);
  });

  it("is stopped and removed when the managers forget it while it runs", async () => {
    const { machine } = world.worker("n1");
    await world.assign("a", "n1");
    await world.settle();
    await world.forget("a");
    await world.settle();
    expect(machine.operations.slice(-2)).toEqual(["inspect a", "remove a"]);
    expect(machine.operations).toContain("stop a");
    expect(machine.containers.size).toBe(0);
  });

  it("gets the secrets and configs it needs, and no others", async () => {
    const { runtime } = world.worker("n1");
    await world.store.update(tx => {
      for (const id of ["s1", "s2"]) tx.secret.create(sampleSecret(id));
      tx.config.create(sampleConfig("c1"));
    });
    await world.assign("a", "n1", { secrets: [{ secretId: "s1" }], configs: [{ configId: "c1" }] });
    await world.assign("b", "n2", { secrets: [{ secretId: "s2" }] });
    await world.settle();
    const given = runtime.given.get("a")!;
    expect(given.secret("s1")?.spec?.data).toEqual(Uint8Array.of(1));
    expect(given.config("c1")).toBeDefined();
    expect(given.secret("s2")).toBeUndefined();
    await world.want("a", TaskState.SHUTDOWN);
    await world.settle();
    expect(given.secret("s1")).toBeUndefined();
  });

  it("gets its templates filled in, with what its node is called", async () => {
    const { runtime } = world.worker("n1");
    await world.store.update(tx => {
      const config = sampleConfig("c1", "c1", Buffer.from("{{.Task.ID}} on {{.Node.Hostname}}"));
      tx.config.create({ ...config, spec: { ...config.spec, templating: create(DriverSchema, { name: "golang" }) } });
    });
    await world.assign("a", "n1", { configs: [{ configId: "c1" }] });
    await world.settle();
    expect(Buffer.from(runtime.given.get("a")!.config("c1")!.spec!.data).toString()).toBe("a on n1");
  });
});
