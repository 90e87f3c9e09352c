import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, it } from "vitest";
import { SimClock } from "../sim/clock.ts";
import { SimRandom } from "../sim/random.ts";
import { SimNetwork } from "../sim/transport.ts";
import { NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { CAConfigSchema, NodeStatus_State } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { founding, newPlace, SimulatedNode } from "./simulated-nodes.test-kit.ts";

const hour = 3_600_000;
const day = 24 * hour;
let clock: SimClock;
let manager: SimulatedNode;
let worker: SimulatedNode;

beforeEach(async () => {
  clock = new SimClock();
  const place = newPlace(clock, new SimNetwork({ clock, random: new SimRandom(5) }), 5);
  [manager, worker] = [new SimulatedNode("10.0.0.1", place), new SimulatedNode("10.0.0.2", place)];
  for (const node of [manager, worker]) await until(node.start());
  const request = founding(manager.host);
  const caConfig = create(CAConfigSchema, { nodeCertExpiry: { seconds: 3_600n } });
  await until(manager.node.init({ ...request, spec: { ...request.spec, caConfig } }));
  await join();
});

async function until<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  for (let step = 0; !isOver && step < 6_000; step++) await clock.advance(50);
  return work;
}

async function join(): Promise<void> {
  const token = manager.node.manager?.cluster()?.rootCa?.joinTokens?.worker ?? "";
  const addresses = { listenAddress: worker.host, advertiseAddress: worker.host, dataPathAddress: "" };
  const remotes = [`${manager.host}:2377`];
  await until(worker.node.join({ ...addresses, remotes, token, availability: NodeSpec_Availability.ACTIVE }));
}

const nodes = () => manager.node.manager!.view(tx => [...tx.node.all()]);

describe("certificates of an hour", () => {
  it("are renewed again and again, and no node is ever lost by it", async () => {
    const downs: string[] = [];
    const keys = new Set<string>();
    for (let minute = 0; minute < 150; minute++) {
      await clock.advance(60_000);
      for (const { id, status } of nodes()) if (status.state !== NodeStatus_State.READY) downs.push(id);
      for (const node of [manager, worker]) keys.add(node.credentials!.keyPem);
      expect(worker.status).toMatchObject({ state: "active", error: "" });
    }
    expect(downs).toEqual([]);
    expect(keys.size).toBeGreaterThan(6);
  });

  it("that a node has slept through are the end of it, and it is told how to come back", async () => {
    worker.kill();
    await clock.advance(3 * hour);
    await until(worker.start());
    await clock.advance(30_000);
    const { state, error } = worker.status!;
    expect(state).toBe("error");
    expect(error).toMatch(/^The certificate of this node expired at 20.*join-token worker" says on a manager\.$/);
    await until(worker.node.leave(true));
    await join();
    expect(worker.status).toMatchObject({ state: "active", error: "" });
  });

  it("that the only manager has slept through are renewed by itself", async () => {
    for (const node of [manager, worker]) node.kill();
    await clock.advance(100 * day);
    await until(manager.start());
    await clock.advance(60_000);
    expect(manager.status).toMatchObject({ state: "active", error: "", controlAvailable: true });
    expect(manager.credentials!.notAfterMs).toBeGreaterThan(clock.now());
    expect(nodes().find(({ id }) => id === manager.status!.nodeId)?.status.state).toBe(NodeStatus_State.READY);
  });
});
