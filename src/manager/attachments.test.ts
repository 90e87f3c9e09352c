import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aNetwork } from "../control/objects.test-kit.ts";
import { World } from "../control/world.test-kit.ts";
import { resourceAllocator } from "../dispatcher/resource-allocator.ts";
import { asFault } from "../lib/fault.ts";
import type { Task } from "../model/task.ts";
import type { CallContext } from "../ports/transport.ts";
import { AttachNetworkRequestSchema, DetachNetworkRequestSchema } from "../wire/gen/docker/swarmkit/v1/resource_pb.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  IPAMOptionsSchema,
  NetworkAttachmentConfigSchema,
  NodeStatus_State as NodeState,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Subnet 10.9.0.0/29 has six addresses: one is the first node's, one is kept for each node that has none. */
const subnet = "10.9.0.0/29";

type Wanted = Exclude<MessageInitShape<typeof NetworkAttachmentConfigSchema>, { $typeName: string }>;

let world: World;
let allocator: ReturnType<typeof resourceAllocator>;

beforeEach(async () => {
  world = await World.make({ n1: {}, n2: {}, stock: { stock: true } });
  allocator = resourceAllocator(world);
  await world.store.update(tx => {
    for (const [id, attachable] of [
      ["net", true],
      ["closed", false],
    ] as const) {
      const network = aNetwork(id, "overlay");
      const ipam = attachable ? { configs: [{ subnet }] } : {};
      const spec = { ...network.spec, attachable, ipam: create(IPAMOptionsSchema, ipam) };
      tx.network.create({ ...network, id: `id-of-${id}`, spec });
    }
  });
  await world.until(() => networks().every(({ driverState }) => driverState), "allocated");
});
afterEach(() => world.end());

const networks = () => world.store.view(tx => [...tx.network.all()]);
const all = (): Task[] => world.store.view(tx => [...tx.task.all()]);
const context = (nodeId: string): CallContext => ({
  caller: { nodeId, role: "worker", clusterId: "cluster" },
  peerAddress: "192.0.2.1",
  signal: new AbortController().signal,
});

/** What comes of asking: the task, or the fault. */
async function attach(nodeId: string, config: Wanted): Promise<Task | string> {
  const wanted = create(NetworkAttachmentConfigSchema, config);
  let answer: Task | string | undefined;
  void Promise.resolve(
    allocator.attachNetwork(create(AttachNetworkRequestSchema, { config: wanted, containerId: "c1" }), context(nodeId)),
  ).then(
    ({ attachmentId = "" }) => {
      answer = world.store.view(tx => tx.task.get(attachmentId));
    },
    error => {
      answer = `${asFault(error).code}: ${asFault(error).message}`;
    },
  );
  await world.until(() => answer !== undefined, "answered");
  return answer ?? "";
}

async function attached(nodeId: string, config: Wanted = {}): Promise<Task> {
  const task = await attach(nodeId, { target: "net", ...config });
  if (typeof task === "string") throw new Error(task);
  return task;
}

/** Their agent says so. */
const end = (state: TaskState): Promise<void> =>
  world.store.update(tx => {
    for (const task of tx.task.all()) tx.task.update({ ...task, status: { ...task.status, state } });
  });

const addressesOf = (task: Task): string[] => task.networks.flatMap(({ addresses }) => addresses);

describe("containers that no service made", () => {
  it("get a place on the network, on their node, by its name and by its id", async () => {
    const task = await attached("n1", { aliases: ["db", "store"] });
    expect(task).toMatchObject({ nodeId: "n1", serviceId: "", annotations: { name: "db" } });
    expect(task.spec.runtime).toMatchObject({ case: "attachment", value: { containerId: "c1" } });
    expect(task.networks).toMatchObject([{ network: { id: "id-of-net" }, aliases: ["db", "store"] }]);
    expect(addressesOf(await attached("n2", { target: "id-of-net", addresses: ["10.9.0.5"] }))).toEqual([
      "10.9.0.5/29",
    ]);
    await world.until(() => all().every(({ status }) => status.state === TaskState.RUNNING), "running");
  });

  it("get it also on a node that is drained", async () => {
    await world.setAvailability("n1", Availability.DRAIN);
    expect(addressesOf(await attached("n1"))).toHaveLength(1);
  });

  it.each([
    ["n1", { target: "closed" }, "permission_denied: network closed not manually attachable"],
    ["n1", { target: "nope" }, "not_found: network nope not found"],
    ["gone", { target: "net" }, "not_found: node gone not found"],
    ["stock", { target: "net" }, "failed_precondition: network net reaches no stock engine: its nodes run Shoal"],
  ])("from %s are refused: %j", async (nodeId, config, text) => {
    expect(await attach(nodeId, config)).toBe(text);
    expect(all()).toEqual([]);
  });

  it.each([
    ["outside", "10.8.0.5", /^failed_precondition: .*10\.8\.0\.5/],
    ["taken", "10.9.0.5", /^failed_precondition: .*10\.9\.0\.5/],
  ])("are told when the address they ask for is %s", async (_, address, text) => {
    await attached("n2", { addresses: ["10.9.0.5"] });
    expect(await attach("n1", { target: "net", addresses: [address] })).toMatch(text);
    expect(all()).toHaveLength(1);
  });

  it("give it back when their node asks for that, and no other", async () => {
    const { id } = await attached("n1", { addresses: ["10.9.0.5"] });
    const detach = (nodeId: string, attachmentId: string) =>
      Promise.resolve(
        allocator.detachNetwork(create(DetachNetworkRequestSchema, { attachmentId }), context(nodeId)),
      ).catch(error => asFault(error).message);
    expect(await detach("n2", id)).toBe(`attachment ${id} doesn't belong to this node`);
    expect(await detach("n1", "")).toBe("invalid argument");
    expect(await detach("n1", "other")).toBe("attachment other not found");
    expect(all()).toHaveLength(1);
    await detach("n1", id);
    expect(all()).toEqual([]);
    expect(addressesOf(await attached("n2", { addresses: ["10.9.0.5"] }))).toEqual(["10.9.0.5/29"]);
  });

  it.each<[string, () => Promise<void>]>([
    ["they end", () => end(TaskState.COMPLETE)],
    ["they are refused by their node", () => end(TaskState.REJECTED)],
    ["their node is down", () => world.setNodeState("n1", NodeState.DOWN)],
    ["their node is removed", () => world.store.update(tx => void tx.node.remove("n1"))],
  ])("give it back when %s", async (_, happen) => {
    await attached("n1", { addresses: ["10.9.0.5"] });
    await world.until(() => all().every(({ status }) => status.state === TaskState.RUNNING), "running");
    await happen();
    await world.until(() => all().length === 0, "gone");
    expect(addressesOf(await attached("n2", { addresses: ["10.9.0.5"] }))).toEqual(["10.9.0.5/29"]);
  });
});
