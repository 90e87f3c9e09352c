import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import {
  PlaneChange_Action as Action,
  NetworkMessageSchema,
  NetworkMessage_Type as Type,
} from "../wire/gen/shoal/v1/network_pb.ts";
import { back, other, planeOf, twoTasks, webTask, wholePlane } from "./plane.test-kit.ts";
import { applyMessage } from "./plane-state.ts";

it("forgets all that a complete message does not have", () => {
  const after = applyMessage(planeOf(twoTasks), wholePlane({ networks: [back], endpoints: [webTask(3)] }));
  expect([...after.networks.keys()]).toEqual(["net-back"]);
  expect([...after.endpoints.keys()]).toEqual(["task3"]);
  expect(after.nodes.size + after.services.size).toBe(0);
});

it("applies what changed, and leaves the plane before as it was", () => {
  const before = planeOf(twoTasks);
  const message = create(NetworkMessageSchema, {
    type: Type.INCREMENTAL,
    changes: [
      { action: Action.UPDATE, item: { case: "endpoint", value: webTask(2, false) } },
      { action: Action.REMOVE, item: { case: "endpoint", value: { taskId: "task1" } } },
      { action: Action.REMOVE, item: { case: "node", value: { id: other.id } } },
      { action: Action.REMOVE, item: { case: "network", value: { id: "never was" } } },
    ],
  });
  const after = applyMessage(before, message);
  expect([...after.endpoints].map(([id, { ready }]) => [id, ready])).toEqual([["task2", false]]);
  expect(after.nodes.size).toBe(0);
  expect(after.networks.size).toBe(2);
  expect(before.endpoints.get("task2")?.ready).toBe(true);
  expect(before.nodes.size).toBe(1);
});

it("knows no address of a node whose address is none", () => {
  const hostile = "192.0.2.2 self permanent\nlink delete dev eth0";
  const plane = planeOf({
    ...twoTasks,
    nodes: [{ ...other, dataAddress: hostile, addresses: [hostile, "192.0.2.3"] }],
  });
  expect(plane.nodes.get(other.id)).toMatchObject({ dataAddress: "", addresses: ["192.0.2.3"] });
  expect(planeOf(twoTasks).nodes.get(other.id)?.dataAddress).toBe(other.dataAddress);
});
