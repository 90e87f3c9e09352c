import { create } from "@bufbuild/protobuf";
import { beforeEach, expect, it } from "vitest";
import type { Node } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import { settle } from "../../sim/clock.ts";
import { newSimStore, type SimStore } from "../../sim/store.ts";
import {
  NodeDescriptionSchema,
  NodeStatus_State as NodeState,
  TaskState,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { departed } from "./departure.ts";
import { aNetwork, aNode, aService, aTask, attached } from "./plane.test-kit.ts";
import { PlaneWatch } from "./plane-watch.ts";
import type { PlaneWatcher } from "./plane-watcher.ts";

const net = aNetwork("net", 1);
const service = aService("web", net);

/** A node of ours, on the network. */
function ours(id: string): Node {
  const labels = { "shoal.address": "192.0.2.1" };
  const description = create(NodeDescriptionSchema, {
    engine: { labels, plugins: [{ type: "Network", name: "overlay" }] },
  });
  const node = aNode(id, attached(net, `10.0.1.${id.slice(1)}/24`));
  return { ...node, description, status: { ...node.status, state: NodeState.READY } };
}

let store: SimStore;
let planes: PlaneWatch;
let gone: AbortController;
let answered: boolean;

/** A node's stream that was told everything, and has confirmed it. */
function stream(id: string): PlaneWatcher {
  const watcher = store.view(tx => planes.open(tx, id, () => {}));
  planes.confirm(id, watcher.ask());
  return watcher;
}

/** The stream tells what there is to say; gives the number to confirm. */
function tell(watcher: PlaneWatcher): bigint {
  expect(watcher.take().withdrawn).toBe(true);
  return watcher.ask();
}

async function stop(): Promise<void> {
  await store.update(tx => tx.task.update({ ...(tx.task.get("t") as Task), desiredState: TaskState.SHUTDOWN }));
  void departed(store, planes, "t", gone.signal).then(() => {
    answered = true;
  });
  await settle();
}

beforeEach(async () => {
  store = newSimStore();
  planes = new PlaneWatch();
  gone = new AbortController();
  answered = false;
  store.onCommit(events => {
    for (const event of events) planes.see(event);
  });
  await store.update(tx => {
    tx.network.create(net);
    tx.service.create(service);
    for (const id of ["n2", "n3"]) tx.node.create(ours(id));
    tx.node.create(aNode("n4", attached(net, "10.0.1.4/24"))); // A stock engine.
    tx.task.create(aTask("t", service, "n2", attached(net, "10.0.1.9/24")));
  });
});

it("is over when every node of ours on the task's networks has confirmed to know", async () => {
  const [two, three] = [stream("n2"), stream("n3")];
  await stop();
  const number = tell(two);
  planes.confirm("n2", number);
  await settle();
  expect(answered).toBe(false);
  const other = tell(three);
  await settle();
  expect(answered).toBe(false);
  planes.confirm("n3", other);
  await settle();
  expect(answered).toBe(true);
});

it("waits for a node that is there and has no stream yet, until it is down", async () => {
  planes.confirm("n2", tell(await stopped("n2")));
  await settle();
  expect(answered).toBe(false);
  await store.update(tx => {
    const node = tx.node.get("n3") as Node;
    tx.node.update({ ...node, status: { ...node.status, state: NodeState.DOWN } });
  });
  await settle();
  expect(answered).toBe(true);

  async function stopped(id: string): Promise<PlaneWatcher> {
    const watcher = stream(id);
    await stop();
    return watcher;
  }
});

it("wants a new confirmation when the stream breaks", async () => {
  const [two] = [stream("n2"), stream("n3")];
  await stop();
  planes.confirm("n2", tell(two));
  const three = planes.watcherOf("n3");
  if (three) planes.close(three);
  const again = store.view(tx => planes.open(tx, "n3", () => {}));
  planes.confirm("n3", 1n);
  await settle();
  expect(answered).toBe(false);
  planes.confirm("n3", again.ask());
  await settle();
  expect(answered).toBe(true);
});

it("ends with its caller", async () => {
  await stop();
  expect(answered).toBe(false);
  gone.abort();
  await settle();
  expect(answered).toBe(true);
});
