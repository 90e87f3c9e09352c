import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { sampleConfig, sampleSecret, sampleTask } from "../sim/samples.ts";
import { newSimStore, type SimStore } from "../sim/store.ts";
import {
  AssignmentChange_AssignmentAction as Action,
  type AssignmentChange,
} from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { TaskSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { ResourceType, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { AssignmentSet } from "./assignment-set.ts";

interface Needs {
  readonly secrets?: readonly string[];
  readonly configs?: readonly string[];
  readonly references?: readonly string[];
}

function task(
  id: string,
  state: TaskState,
  { secrets = [], configs = [], references = [] }: Needs = {},
  nodeId = "n1",
) {
  const value = {
    image: "sleep",
    secrets: secrets.map(secretId => ({ secretId })),
    configs: configs.map(configId => ({ configId })),
  };
  const resourceReferences = references.map(resourceId => ({ resourceId, resourceType: ResourceType.SECRET }));
  const base = sampleTask(id, undefined, { nodeId, status: { state } });
  return { ...base, spec: create(TaskSpecSchema, { runtime: { case: "container", value }, resourceReferences }) };
}

/** Changes as short texts: "+task a", "-secret s". */
function told(changes: readonly AssignmentChange[]): string[] {
  return changes.map(({ action, assignment }) => {
    const { item } = assignment!;
    return `${action === Action.UPDATE ? "+" : "-"}${item.case} ${item.value?.id}`;
  });
}

async function filled(...tasks: ReturnType<typeof task>[]): Promise<SimStore> {
  const store = newSimStore();
  await store.update(tx => {
    for (const id of ["s1", "s2", "s3"]) tx.secret.create(sampleSecret(id));
    for (const id of ["c1", "c2"]) tx.config.create(sampleConfig(id));
    for (const each of tasks) tx.task.create(each);
  });
  return store;
}

const setState = (store: SimStore, id: string, state: TaskState): Promise<unknown> =>
  store.update(tx => {
    const stored = tx.task.get(id)!;
    return tx.task.update({ ...stored, status: { ...stored.status, state } });
  });

describe("what an agent is told", () => {
  it("is its own assigned tasks, with what they need before them and nothing else", async () => {
    const store = await filled(
      task("a", TaskState.ASSIGNED, { secrets: ["s1"], configs: ["c1"] }),
      task("b", TaskState.RUNNING, { secrets: ["s1"], references: ["s3"] }),
      task("waiting", TaskState.PENDING, { secrets: ["s2"] }),
      task("elsewhere", TaskState.ASSIGNED, { secrets: ["s2"], configs: ["c2"] }, "n2"),
    );
    const set = new AssignmentSet("n1");
    expect(told(store.view(tx => set.all(tx)))).toEqual([
      "+secret s1",
      "+config c1",
      "+secret s3",
      "+task a",
      "+task b",
    ]);
  });

  it("keeps tasks that have ended, without their secrets", async () => {
    const store = await filled(task("a", TaskState.FAILED, { secrets: ["s1"] }));
    const set = new AssignmentSet("n1");
    expect(told(store.view(tx => set.all(tx)))).toEqual(["+task a"]);
  });

  it("sends the secret's content, and only its id when it goes", async () => {
    const store = await filled(task("a", TaskState.ASSIGNED, { secrets: ["s1"] }));
    const set = new AssignmentSet("n1");
    const [come] = store.view(tx => set.all(tx));
    expect(come?.assignment?.item.value).toMatchObject({ spec: { data: Uint8Array.of(1) } });
    await setState(store, "a", TaskState.COMPLETE);
    const [gone] = store.view(tx => set.changes(tx, ["a"]));
    expect(gone?.action).toBe(Action.REMOVE);
    expect(gone?.assignment?.item.value).toMatchObject({ id: "s1" });
    expect(gone?.assignment?.item.value).not.toHaveProperty("spec.data");
  });

  it("counts who needs a secret", async () => {
    const store = await filled(
      task("a", TaskState.ASSIGNED, { secrets: ["s1", "s1"] }),
      task("b", TaskState.ASSIGNED, { secrets: ["s1", "s2"] }),
    );
    const set = new AssignmentSet("n1");
    store.view(tx => set.all(tx));
    await setState(store, "b", TaskState.FAILED);
    expect(told(store.view(tx => set.changes(tx, ["b"])))).toEqual(["-secret s2"]);
    await store.update(tx => tx.task.remove("a"));
    expect(told(store.view(tx => set.changes(tx, ["a"])))).toEqual(["-task a", "-secret s1"]);
    expect(told(store.view(tx => set.changes(tx, ["a"])))).toEqual([]);
    await store.update(tx => tx.task.create(task("c", TaskState.ASSIGNED, { secrets: ["s1"] })));
    expect(told(store.view(tx => set.changes(tx, ["c"])))).toEqual(["+secret s1", "+task c"]);
  });

  it("keeps a secret that passes from one task to another in one message, whichever is looked at first", async () => {
    for (const order of [
      ["a", "b"],
      ["b", "a"],
    ]) {
      const store = await filled(task("a", TaskState.ASSIGNED, { secrets: ["s1"] }));
      const set = new AssignmentSet("n1");
      store.view(tx => set.all(tx));
      await setState(store, "a", TaskState.FAILED);
      await store.update(tx => tx.task.create(task("b", TaskState.ASSIGNED, { secrets: ["s1"] })));
      expect(told(store.view(tx => set.changes(tx, order)))).toEqual(["+task b"]);
      await setState(store, "b", TaskState.FAILED);
      expect(told(store.view(tx => set.changes(tx, ["b"])))).toEqual(["-secret s1"]);
    }
  });

  it("is not what it reported itself", async () => {
    const store = await filled(task("a", TaskState.ASSIGNED));
    const set = new AssignmentSet("n1");
    store.view(tx => set.all(tx));
    await setState(store, "a", TaskState.RUNNING);
    expect(told(store.view(tx => set.changes(tx, ["a"])))).toEqual([]);
    await store.update(tx => tx.task.update({ ...tx.task.get("a")!, desiredState: TaskState.SHUTDOWN }));
    expect(told(store.view(tx => set.changes(tx, ["a"])))).toEqual(["+task a"]);
  });

  it("has a task only from ASSIGNED on", async () => {
    const store = await filled(task("a", TaskState.PENDING));
    const set = new AssignmentSet("n1");
    expect(told(store.view(tx => set.all(tx)))).toEqual([]);
    await setState(store, "a", TaskState.ASSIGNED);
    expect(told(store.view(tx => set.changes(tx, ["a"])))).toEqual(["+task a"]);
  });
});
