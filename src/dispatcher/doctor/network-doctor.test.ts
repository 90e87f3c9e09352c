import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, it } from "vitest";
import { asFault } from "../../lib/fault.ts";
import { addressLabel } from "../../model/node-address.ts";
import type { Node } from "../../model/objects.ts";
import { type Client, register } from "../../ports/transport.ts";
import { SimClock, settle } from "../../sim/clock.ts";
import { SimRandom } from "../../sim/random.ts";
import { sampleNode } from "../../sim/samples.ts";
import { newSimStore, type SimStore } from "../../sim/store.ts";
import { SimNetwork } from "../../sim/transport.ts";
import {
  NodeDescriptionSchema,
  NodeStatus_State as NodeState,
  PortConfig_Protocol as Protocol,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import {
  NetworkDoctor as DoctorService,
  type Examination,
  type NodeExamination,
  NodeExamination_Outcome as Outcome,
} from "../../wire/gen/shoal/v1/doctor_pb.ts";
import { NetworkDoctor } from "./network-doctor.ts";

const address = "10.0.0.1:2377";

let clock: SimClock;
let store: SimStore;
let network: SimNetwork;
let doctor: NetworkDoctor;

/** A node of ours, with a data plane. */
function ours(id: string, labels = {}, plugins = [{ type: "Network", name: "overlay" }]): Node {
  const engine = { labels: { [addressLabel]: "10.0.0.9", ...labels }, plugins };
  return { ...sampleNode(id), description: create(NodeDescriptionSchema, { hostname: id, engine }) };
}

const client = (nodeId: string, role: "worker" | "manager" = "worker"): Client<typeof DoctorService> =>
  network.transport(nodeId, { nodeId, role, clusterId: "c" }).connect(address).client(DoctorService);

/** Lets a node listen; what it was asked, and what stops it. */
async function listen(nodeId: string): Promise<{ asked: Examination[]; stop: () => Promise<void> }> {
  const over = new AbortController();
  const asked: Examination[] = [];
  void (async () => {
    for await (const examination of client(nodeId).listen({}, { signal: over.signal })) asked.push(examination);
  })().catch(() => {});
  await settle();
  const stop = async (): Promise<void> => {
    over.abort();
    await settle();
  };
  return { asked, stop };
}

/** Begins an examination; what came of it so far, and how it ended. */
function examine(nodeIds: string[] = [], repair = false) {
  const found: NodeExamination[] = [];
  const result = { found, ended: "" };
  void (async () => {
    for await (const answer of client("m", "manager").examine({ nodeIds, repair })) found.push(answer);
    result.ended = "end";
  })().catch(error => {
    result.ended = `${asFault(error).code}: ${asFault(error).message}`;
  });
  return result;
}

beforeEach(async () => {
  clock = new SimClock();
  store = newSimStore({ clock });
  network = new SimNetwork({ clock });
  doctor = new NetworkDoctor({ store, clock, random: new SimRandom() });
  doctor.start();
  await network.transport("10.0.0.1").listen(address, [register(DoctorService, doctor.handlers)]);
  await store.update(tx => {
    tx.node.create(ours("n1"));
    tx.node.create(ours("n2"));
  });
});

describe("an examination", () => {
  it("asks every node, gives what each answers, and ends with the last", async () => {
    const [one, two] = [await listen("n1"), await listen("n2")];
    const result = examine([], true);
    await settle();
    const [, asked] = one.asked;
    expect(asked).toMatchObject({ repair: true, awayNodeIds: [] });
    expect(two.asked[1]?.id).toBe(asked?.id);
    const findings = [{ subject: "network back", problem: "…" }];
    // Whom it is about says the certificate, not the message.
    await client("n1").answer({ examinationId: asked!.id, nodeId: "n2", findings });
    await settle();
    expect(result.found).toMatchObject([{ nodeId: "n1", outcome: Outcome.EXAMINED, findings }]);
    await client("n2").answer({ examinationId: asked!.id });
    await settle();
    expect([result.found.map(({ nodeId }) => nodeId), result.ended]).toEqual([["n1", "n2"], "end"]);
  });

  it("takes each answer once, and from whom it has asked alone", async () => {
    const { asked } = await listen("n1");
    await listen("n2");
    examine(["n1"]);
    await settle();
    const examinationId = asked[1]!.id;
    await expect(client("n2").answer({ examinationId })).rejects.toMatchObject({ code: "not_found" });
    await client("n1").answer({ examinationId });
    await expect(client("n1").answer({ examinationId })).rejects.toMatchObject({ code: "not_found" });
  });

  it("says why a node was not reached", async () => {
    await listen("n1");
    const { stop } = await listen("n2");
    await store.update(tx => {
      const node = ours("n3");
      tx.node.create({ ...node, status: { ...node.status, state: NodeState.DOWN, message: "heartbeat failure" } });
      tx.node.create(ours("n4"));
    });
    const result = examine();
    await settle();
    await stop();
    await clock.advance(60_000);
    expect(result.found.map(({ nodeId, outcome, reason }) => [nodeId, Outcome[outcome], reason])).toEqual([
      ["n3", "NOT_REACHED", "it is down: heartbeat failure"],
      ["n4", "NOT_REACHED", "it has no session with this manager now"],
      ["n2", "NOT_REACHED", "it has gone meanwhile"],
      ["n1", "NOT_REACHED", "it did not answer within 60 s"],
    ]);
    expect(result.ended).toBe("end");
  });

  it.each<[string, Node, string]>([
    ["a stock engine", sampleNode("n3"), "it is a Docker Engine without Shoal"],
    ["the embedded runtime", ours("n3", { "shoal.runtime": "embedded" }), "its tasks run on the embedded runtime"],
    ["a machine that lacks something", ours("n3", {}, []), "this machine cannot have the swarm's networks"],
  ])("says of %s that there is nothing to look at", async (_, node, reason) => {
    await store.update(tx => tx.node.create(node));
    const result = examine(["n3"]);
    await settle();
    expect(result.found).toMatchObject([
      { nodeId: "n3", outcome: Outcome.NO_DATA_PLANE, reason: expect.stringContaining(reason) },
    ]);
  });

  it("of a node that is none is refused", async () => {
    const result = examine(["n9"]);
    await settle();
    expect(result.ended).toBe("not_found: node n9 not found");
  });

  it("ends when the manager no longer leads", async () => {
    await listen("n1");
    const result = examine();
    await settle();
    doctor.stop();
    await settle();
    expect(result.ended).toBe("unavailable: network doctor is stopped");
    await expect(client("n1").tellPorts({})).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("ports in use", () => {
  const port = { protocol: Protocol.TCP, port: 8080, serviceId: "web", addresses: ["*"], program: "nginx" };

  it("are known for as long as the node listens", async () => {
    const { stop } = await listen("n1");
    await client("n1").tellPorts({ ports: [port] });
    expect([...doctor.portsInUse]).toMatchObject([["n1", [port]]]);
    await client("n1").tellPorts({ ports: [] });
    expect(doctor.portsInUse.size).toBe(0);
    await client("n1").tellPorts({ ports: [port] });
    await stop();
    expect(doctor.portsInUse.size).toBe(0);
  });

  it("are not taken from a node that does not listen", async () => {
    await expect(client("n1").tellPorts({ ports: [port] })).rejects.toMatchObject({ code: "failed_precondition" });
  });
});
