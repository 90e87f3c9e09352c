import { describe, expect, it } from "vitest";
import { taskName } from "../model/task.ts";
import { sampleService, sampleTask } from "../sim/samples.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { fault, invalid, newApi } from "./api.test-kit.ts";

const service = sampleService("s1", "web");

async function withTasks() {
  const world = newApi();
  const other = sampleService("s2", "db");
  const annotations = { ...service.spec.annotations, labels: { tier: "front" } };
  await world.store.update(tx => {
    tx.service.create({ ...service, spec: { ...service.spec, annotations } });
    tx.service.create(other);
    const first = { ...sampleTask("t1", service, { slot: 1n, nodeId: "n1" }), serviceAnnotations: annotations };
    tx.task.create(first);
    tx.task.create(sampleTask("t2", service, { slot: 2n, nodeId: "n2", desiredState: TaskState.SHUTDOWN }));
    tx.task.create(sampleTask("u1", other, { slot: 1n, nodeId: "n1" }));
    const old = { ...sampleTask("old", service, { slot: 3n }), specVersion: { ...service.specVersion!, index: 0n } };
    tx.task.create({ ...old, spec: { ...old.spec, forceUpdate: 9n } });
  });
  return world;
}

describe("listTasks", () => {
  it.each<[string, object, string[]]>([
    ["nothing", {}, ["old", "t1", "t2", "u1"]],
    ["a service", { serviceIds: ["s1"] }, ["old", "t1", "t2"]],
    ["two services", { serviceIds: ["s1", "s2", "s1"] }, ["old", "t1", "t2", "u1"]],
    ["a node", { nodeIds: ["n1"] }, ["t1", "u1"]],
    ["a service and a node", { serviceIds: ["s1"], nodeIds: ["n1"] }, ["t1"]],
    ["desired states", { desiredStates: [TaskState.SHUTDOWN, TaskState.REMOVE] }, ["t2"]],
    ["a service and a state", { serviceIds: ["s1"], desiredStates: [TaskState.RUNNING] }, ["old", "t1"]],
    ["a name", { names: [taskName(sampleTask("t1", service, { slot: 1n }))] }, ["t1"]],
    ["a prefix of a name", { namePrefixes: ["web.2"] }, ["t2"]],
    ["a prefix of an id", { idPrefixes: ["t"] }, ["t1", "t2"]],
    ["a label of the service", { labels: { tier: "front" } }, ["t1"]],
    ["a runtime", { runtimes: ["container"] }, ["old", "t1", "t2", "u1"]],
    ["another runtime", { runtimes: ["attachment"] }, []],
    ["being up to date", { serviceIds: ["s1"], upToDate: true }, ["t1", "t2"]],
    ["a service that is not there", { serviceIds: ["s9"] }, []],
  ])("by %s", async (_, filters, expected) => {
    const { api } = await withTasks();
    const { tasks } = await api.listTasks({ filters });
    expect(tasks.map(({ id }) => id).sort()).toEqual(expected);
  });

  it("without filters", async () => {
    expect((await (await withTasks()).api.listTasks({})).tasks).toHaveLength(4);
  });

  it("counts no task of a removed service as up to date", async () => {
    const { api } = await withTasks();
    await api.removeService({ serviceId: "s2" });
    expect((await api.listTasks({ filters: { serviceIds: ["s2"], upToDate: true } })).tasks).toEqual([]);
  });
});

describe("one task", () => {
  it("is shown and removed", async () => {
    const { api, store } = await withTasks();
    expect((await api.getTask({ taskId: "t1" })).task?.slot).toBe(1n);
    await api.removeTask({ taskId: "t1" });
    expect(store.view(tx => tx.task.get("t1"))).toBeUndefined();
    for (const call of [api.getTask({ taskId: "t1" }), api.removeTask({ taskId: "t1" })])
      await expect(call).rejects.toEqual(fault("not_found", "task t1 not found"));
    for (const call of [api.getTask({}), api.removeTask({})])
      await expect(call).rejects.toEqual(invalid("invalid argument"));
  });
});
