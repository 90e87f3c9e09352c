import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asFault, Fault } from "../../lib/fault.ts";
import type { Task } from "../../model/task.ts";
import { silentLogger } from "../../ports/log.ts";
import type { Connection } from "../../ports/transport.ts";
import { SimClock } from "../../sim/clock.ts";
import { SimUserContainers } from "../../sim/user-containers.ts";
import { TaskSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { AttachNetworkRequest, DetachNetworkRequest } from "../../wire/gen/docker/swarmkit/v1/resource_pb.ts";
import { AttachmentRuntime } from "./attachment-runtime.ts";
import { AttachmentDesk } from "./desk.ts";
import { astrayOf, callersOf, type Place } from "./place.ts";

const nodeId = "node-self";
const bridge = "shoal-self-b-id-net";
const id = "0123456789abcdef";

let clock: SimClock;
let containers: SimUserContainers;
let runtime: AttachmentRuntime;
let desk: AttachmentDesk;
let places: readonly Place[];
let managers: FakeManagers;

/** The managers, and an agent that does what they say: network "net" (id-net) is attachable, "10.0.1.N/24" is given in turn. */
class FakeManagers {
  readonly asked: AttachNetworkRequest["config"][] = [];
  readonly detached: string[] = [];
  refusal: Fault | undefined;
  /** Whether the agent gets what is assigned. */
  isAssigned = true;
  readonly #session = new AbortController();

  begin(): void {
    const client = {
      attachNetwork: async ({ config, containerId }: AttachNetworkRequest) => this.#attach(config, containerId),
      detachNetwork: async ({ attachmentId }: DetachNetworkRequest) => void this.detached.push(attachmentId),
    };
    desk.follow({ client: () => client } as never as Connection, this.#session.signal);
  }

  end(): void {
    this.#session.abort();
  }

  async #attach(config: AttachNetworkRequest["config"], containerId: string): Promise<{ attachmentId: string }> {
    if (this.refusal) throw this.refusal;
    if (config?.target !== "net" && config?.target !== "id-net") throw new Fault("not_found", "network not found");
    this.asked.push(config);
    const taskId = `task${this.asked.length}`;
    const address = config.addresses[0] ?? `10.0.1.${this.asked.length}`;
    const network = { id: "id-net", spec: { annotations: { name: "net" } } };
    const task = create(TaskSchema, {
      id: taskId,
      spec: { runtime: { case: "attachment", value: { containerId } }, networks: [config] },
      networks: [{ network, addresses: [`${address}/24`], aliases: config.aliases }],
    }) as Task;
    if (this.isAssigned) void this.#run(task);
    return { attachmentId: taskId };
  }

  async #run(task: Task): Promise<void> {
    await Promise.resolve();
    containers.networks.add(bridge);
    runtime.prepare(task);
    await runtime.start(task).catch(() => {});
  }
}

beforeEach(async () => {
  clock = new SimClock();
  containers = new SimUserContainers();
  managers = new FakeManagers();
  places = [];
  const doors = { nodeId, containers, clock, log: silentLogger };
  runtime = new AttachmentRuntime({ ...doors, onPlaces: now => (places = now) });
  desk = new AttachmentDesk({ ...doors, runtime, networks: () => [] });
  void desk.run();
  await runtime.list();
  managers.begin();
});
afterEach(async () => {
  desk.close();
  await runtime.close();
});

const signal = new AbortController().signal;

/** As `docker start` does it. */
async function start(reference: string): Promise<void> {
  const started = await desk.starting(reference, signal);
  containers.start(id);
  started();
  await clock.advance(200);
}

const stop = async (): Promise<void> => {
  containers.stop(id);
  await clock.advance(200);
};

const addresses = async (): Promise<readonly string[]> =>
  [...((await containers.find(id))?.endpoints.values() ?? [])].flatMap(endpoint => endpoint.addresses);

const fault = (work: Promise<unknown>) => work.then(() => undefined, asFault);

describe("a container's questions for names", () => {
  it.each([
    ["are led here when it was made with no name server", [], ["10.0.1.9"]],
    ["need not be when it was made with ours", ["169.254.53.53"], []],
    ["go where its user said", ["192.0.2.53"], []],
  ])("%s", async (_, nameServers, astray) => {
    containers.create(id, "db", { net: { fixed: ["10.0.1.9"] } }, false, nameServers);
    await start(id);
    expect(astrayOf(places)).toEqual(astray);
  });
});

describe("a container that is started on a network of the swarm's", () => {
  it("gets its place first, and its attachment runs as long as it does", async () => {
    containers.create(id, "db", { net: { aliases: ["store"], fixed: ["10.0.1.9"] } });
    await start("db");
    expect(managers.asked).toMatchObject([
      { target: "net", aliases: ["db", "store", "0123456789ab"], addresses: ["10.0.1.9"] },
    ]);
    expect(await addresses()).toEqual(["10.0.1.9"]);
    expect(runtime.inspect("task1")).toMatchObject({ containerId: id, state: "running" });
    expect(callersOf(places)).toEqual(new Map([["10.0.1.9", ["id-net"]]]));
    const seen = runtime.inspect("task1");
    const ended = seen && runtime.changed("task1", seen, signal);
    await stop();
    expect(await ended).toMatchObject({ state: "exited" });
  });

  it("gets another place when it is started again, by the same names and the address that was asked for", async () => {
    containers.create(id, "db", { net: { aliases: ["store"], fixed: ["10.0.1.9"] } });
    await start(id);
    await stop();
    runtime.remove("task1");
    await start(id);
    expect(managers.asked[1]).toEqual({ ...managers.asked[0], target: "id-net" });
    expect(runtime.inspect("task2")?.state).toBe("running");
  });

  it("keeps its place over a restart by its user", async () => {
    containers.create(id, "db", { net: {} });
    await start(id);
    const restarted = await desk.starting(id, signal);
    await stop();
    expect(runtime.inspect("task1")?.state).toBe("running");
    containers.start(id);
    restarted();
    await clock.advance(200);
    expect(runtime.inspect("task1")?.state).toBe("running");
    expect(managers.asked).toHaveLength(1);
  });

  it("is left to its engine on networks that are its engine's, or nobody's", async () => {
    containers.networks.add("mine");
    containers.create(id, "db", { bridge: {}, mine: {}, nobodys: {} });
    expect(await fault(desk.starting(id, signal))).toBeUndefined();
    expect(containers.done).toEqual([]);
    expect(await desk.nameServersFor(["bridge", "mine", "container:x"])).toEqual([]);
    expect(await desk.nameServersFor(["mine", "net"])).toEqual(["169.254.53.53"]);
  });

  it.each([
    ["refuse it", () => (managers.refusal = new Fault("permission_denied", "not attachable")), "permission_denied"],
    ["are away", () => managers.end(), "unavailable"],
  ])("is told when the managers %s, and is gone if it removes itself", async (_, happen, code) => {
    happen();
    containers.create(id, "db", { net: {} }, true);
    expect(await fault(desk.starting(id, signal))).toMatchObject({ code, network: "net" });
    expect(await containers.find(id)).toBeUndefined();
  });

  it("is told after 20 seconds when its place does not come, and asks for none any more", async () => {
    managers.isAssigned = false;
    containers.create(id, "db", { net: {} });
    const told = fault(desk.starting(id, signal));
    await clock.advance(20_000);
    expect(await told).toMatchObject({ code: "deadline_exceeded" });
    expect(managers.detached).toEqual(["task1"]);
  });

  it("is told what its engine has against the place", async () => {
    containers.create(id, "db", { net: {} });
    containers.failure = new Fault("permission_denied", "sharing network namespace");
    expect(await fault(desk.starting(id, signal))).toMatchObject({ message: "sharing network namespace" });
    expect(runtime.inspect("task1")?.state).toBe("exited");
  });
});

describe("a container that is connected", () => {
  it("gets its place while it runs, and gives it back when it is disconnected", async () => {
    containers.create(id, "late", {});
    containers.start(id);
    expect(await desk.connect("net", "late", { aliases: ["tardy"], asked: [] }, signal)).toBe(true);
    await clock.advance(200);
    expect(await addresses()).toEqual(["10.0.1.1"]);
    expect(runtime.inspect("task1")?.state).toBe("running");
    expect(await desk.disconnect("net", "late")).toBe(true);
    expect(await addresses()).toEqual([]);
    expect(runtime.inspect("task1")?.state).toBe("exited");
    expect(await desk.disconnect("net", "late")).toBe(false);
  });

  it("has its place from its start on when it does not run yet", async () => {
    containers.create(id, "late", {});
    expect(await desk.connect("net", id, { aliases: [], asked: ["10.0.1.7"] }, signal)).toBe(true);
    await clock.advance(200);
    expect(runtime.inspect("task1")?.state).toBe("exited");
    await start(id);
    expect(await addresses()).toEqual(["10.0.1.7"]);
    expect(runtime.inspect("task2")?.state).toBe("running");
  });

  it("is the engine's affair where the network is, or the container is not there", async () => {
    containers.create(id, "late", {});
    const connect = (network: string, container: string) =>
      desk.connect(network, container, { aliases: [], asked: [] }, signal);
    expect([await connect("bridge", id), await connect("nobodys", id), await connect("net", "gone")]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("a container that runs", () => {
  beforeEach(async () => {
    containers.create(id, "db", { net: {} });
    await start(id);
  });

  it("is known again after a restart of the daemon", async () => {
    const again = new AttachmentRuntime({ nodeId, containers, clock, log: silentLogger });
    expect(await again.list()).toEqual([runtime.inspect("task1")]);
    await again.close();
  });

  it("gets another place when the managers know of its own no more: its node was down", async () => {
    runtime.remove("task1");
    await clock.advance(200);
    expect(runtime.inspect("task2")?.state).toBe("running");
    expect(await addresses()).toEqual(["10.0.1.2"]);
  });

  it("gets another place when it was started behind the daemon's back", async () => {
    await stop();
    containers.start(id);
    await clock.advance(400);
    expect(await addresses()).toEqual(["10.0.1.2"]);
    expect(runtime.lost).toEqual([]);
  });

  it("asks again until managers are there", async () => {
    managers.end();
    runtime.remove("task1");
    await clock.advance(10_000);
    expect(await addresses()).toEqual(["10.0.1.1"]);
    managers.begin();
    await clock.advance(10_000);
    expect(await addresses()).toEqual(["10.0.1.2"]);
  });

  it("is taken off a network on which it can have no place any more", async () => {
    managers.refusal = new Fault("not_found", "network id-net not found");
    runtime.remove("task1");
    await clock.advance(200);
    expect(await addresses()).toEqual([]);
    expect((await containers.find(id))?.isUp).toBe(true);
  });

  it("is taken off all networks when the node leaves", async () => {
    desk.close();
    await runtime.dismantle();
    expect(await addresses()).toEqual([]);
  });

  it("has ended when it is removed", async () => {
    await containers.remove(id);
    await clock.advance(200);
    expect(runtime.inspect("task1")?.state).toBe("exited");
  });
});
