import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import {
  ListNetworksResponseSchema,
  RemoveNetworkResponseSchema,
} from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { TestApi } from "../api.test-kit.ts";
import { fakeControl, managing, working } from "../fakes.test-kit.ts";
import { sampleNetwork, samplePredefined } from "../samples.test-kit.ts";

const bridge = (name: string, labels: object) => ({
  ...{ Name: name, Id: `id-${name}`, Scope: "local", Driver: "bridge" },
  ...{ Labels: labels, Created: "2026-11-21T10:00:00.5Z" },
});
const used = sampleNetwork("id-used", "used");
const mesh = { ...sampleNetwork("id-ingress", "ingress") };

let api: TestApi;
let removed: string[];
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  removed = [];
  api.backend.current = managing;
  api.engine.removed.length = 0;
  api.engine.inUse.clear();
  const local = [
    bridge("mine", { a: "1" }),
    bridge("busy", {}),
    bridge("shoal-x", { "io.shoal.network.id": "id-net" }),
  ];
  api.engine.answers.set("/networks", local);
  api.engine.inUse.add("/networks/id-busy");
  if (mesh.spec) mesh.spec = { ...mesh.spec, ingress: true };
  const networks = [sampleNetwork("id-net", "net", { a: "1" }), used, mesh, samplePredefined("4fhost", "host")];
  api.backend.client = fakeControl({
    listNetworks: async () => create(ListNetworksResponseSchema, { networks }),
    removeNetwork: async ({ networkId = "" }) => {
      if (networkId === used.id) throw new Fault("failed_precondition", `network ${used.id} is in use by task t`);
      removed.push(networkId);
      return create(RemoveNetworkResponseSchema, {});
    },
  });
});

const prune = (filters: object) =>
  api.call("POST", `/networks/prune?filters=${encodeURIComponent(JSON.stringify(filters))}`);

it("removes what is unused of the swarm's and of the engine's, but not the bridges by which this node takes part", async () => {
  expect(await prune({})).toMatchObject({ status: 200, json: { NetworksDeleted: ["net", "mine"] } });
  expect(removed).toEqual(["id-net"]);
  expect(api.engine.removed).toEqual(["/networks/id-mine", "/networks/id-busy"]);
});

it("removes the engine's alone on a worker", async () => {
  api.backend.current = working;
  expect((await prune({})).json).toEqual({ NetworksDeleted: ["mine"] });
});

it.each<[object, string[] | null]>([
  [{ label: ["a=1"] }, ["net", "mine"]],
  [{ label: ["a=2"] }, null],
  [{ "label!": { a: true } }, null],
  [{ until: ["2026-11-21T10:00:00Z"] }, null],
  [{ until: ["2026-11-21T11:00:00Z"] }, ["mine"]],
  [{ until: [String(Date.parse("2027-01-01") / 1_000)] }, ["net", "mine"]],
])("heeds filters: %j", async (filters, names) => {
  expect((await prune(filters)).json).toEqual({ NetworksDeleted: names });
});

it.each([
  [{ bogus: ["x"] }, "Invalid filter 'bogus'"],
  [{ until: ["soon"] }, 'failed to parse value as time or duration: "soon"'],
  [{ until: ["1h", "2h"] }, "more than one until filter specified"],
])("refuses what it cannot read: %j", async (filters, message) => {
  expect(await prune(filters)).toMatchObject({ status: 400, json: { message } });
  expect(removed).toEqual([]);
});
