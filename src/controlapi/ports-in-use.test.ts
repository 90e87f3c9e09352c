import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, it } from "vitest";
import type { Task } from "../model/task.ts";
import { sampleNode, sampleService, sampleTask } from "../sim/samples.ts";
import {
  NodeStatus_State as NodeState,
  PortConfig_Protocol as Protocol,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { PortInUseSchema } from "../wire/gen/shoal/v1/doctor_pb.ts";
import { newApi } from "./api.test-kit.ts";

const web = sampleService("svc", "web");
const port = create(PortInUseSchema, {
  ...{ protocol: Protocol.TCP, port: 8080, serviceId: "svc", addresses: ["*"], program: "nginx (process 3)" },
});

let world: ReturnType<typeof newApi>;

function running(id: string, slot: number, nodeId: string, state = TaskState.RUNNING): Task {
  return sampleTask(id, web, { slot: BigInt(slot), nodeId, status: { state } });
}

beforeEach(async () => {
  world = newApi();
  await world.store.update(tx => {
    tx.service.create(web);
    for (const id of ["n1", "n2", "n3"]) tx.node.create(sampleNode(id, `host-${id}`));
    tx.task.create(running("t1", 1, "n1"));
    tx.task.create(running("t2", 2, "n2"));
    tx.task.create(running("old", 2, "n2", TaskState.SHUTDOWN));
  });
});

const errors = async (filters = {}): Promise<Record<string, string>> => {
  const { tasks } = await world.api.listTasks({ filters });
  return Object.fromEntries(tasks.filter(({ status }) => status?.err).map(({ id, status }) => [id, status?.err ?? ""]));
};
const message = async (nodeId: string): Promise<string | undefined> =>
  (await world.api.getNode({ nodeId })).node?.status?.message;

const text = (host: string): string =>
  `node ${host}: port 8080/tcp is in use there by nginx (process 3): calls go to the service`;

describe("a published port that something else on a node listens on", () => {
  it("is said of the node, while it is up, and for as long as it is so", async () => {
    expect(await message("n1")).toBe("");
    world.inUse.set("n1", [port, { ...port, port: 53, protocol: Protocol.UDP, program: "" }]);
    const said =
      "port 8080/tcp, published by service web, is in use here by nginx (process 3): calls go to the service; " +
      "port 53/udp, published by service web, is in use here: calls go to the service";
    expect(await message("n1")).toBe(said);
    expect((await world.api.listNodes({})).nodes.map(({ status }) => status?.message)).toEqual([said, "", ""]);
    await world.store.update(tx => {
      const node = tx.node.get("n1")!;
      tx.node.update({ ...node, status: { ...node.status, state: NodeState.DOWN, message: "heartbeat failure" } });
    });
    expect(await message("n1")).toBe("heartbeat failure");
    world.inUse.clear();
  });

  it("is said of the service by its tasks on that node", async () => {
    world.inUse.set("n2", [port]);
    expect(await errors()).toEqual({ t2: text("host-n2") });
    expect((await world.api.getTask({ taskId: "t2" })).task?.status?.err).toBe(text("host-n2"));
    expect(await errors({ nodeIds: ["n1"] })).toEqual({});
  });

  it("is said by its first task where none is on that node", async () => {
    world.inUse.set("n3", [port]);
    expect(await errors()).toEqual({ t1: text("host-n3") });
  });

  it("is not stored, and other services have nothing to do with it", async () => {
    world.inUse.set("n1", [{ ...port, serviceId: "other" }]);
    expect(await errors()).toEqual({});
    expect(world.store.view(tx => tx.task.get("t1")?.status.err)).toBe("");
  });
});
