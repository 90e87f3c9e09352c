import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { NameTable } from "../../network/dns/name-table.ts";
import { emptyPlane, type Plane } from "../../network/plane-state.ts";
import {
  PlaneEndpointSchema,
  PlaneNetworkSchema,
  PlaneNodeSchema,
  PlaneServiceSchema,
} from "../../wire/gen/shoal/v1/network_pb.ts";
import { type NamesNode, planNames } from "./names-plan.ts";

const self: NamesNode = { nodeId: "n1", address: "127.0.0.78", lowestPort: 1 };
const ports = [{ targetPort: 80, publishedPort: 8080 }];

/** Service "web" on network "front" with a task here and one on n2; "db" on "back" alone with one here; "api" on both. */
function plane(change: { readonly ready?: boolean; readonly reachable?: boolean } = {}): Plane {
  const { ready = true, reachable = true } = change;
  const networks = ["front", "back", "ingress"].map(name =>
    create(PlaneNetworkSchema, { id: name, name, ingress: name === "ingress", subnets: [{ cidr: "10.0.1.0/24" }] }),
  );
  const service = (name: string, on: string[]) =>
    create(PlaneServiceSchema, {
      ...{ id: name, name, ports, names: on.map(networkId => ({ networkId })) },
      virtualIps: [...on, "ingress"].map(networkId => ({ networkId, address: "10.0.1.2/24" })),
    });
  const endpoint = (taskId: string, serviceId: string, nodeId: string, on: string[], port: number) =>
    create(PlaneEndpointSchema, {
      ...{
        taskId,
        serviceId,
        nodeId,
        ready: taskId === "web-2" ? ready : true,
        name: `${serviceId}.1.${taskId}`,
        slot: 1n,
      },
      attachments: [...on, "ingress"].map(networkId => ({ networkId, addresses: ["10.0.1.9/24"] })),
      reachable: reachable ? [{ targetPort: 80, publishedPort: port }] : [],
    });
  const endpoints = [
    endpoint("web-1", "web", "n1", ["front"], 1001),
    endpoint("web-2", "web", "n2", ["front"], 1002),
    endpoint("db-1", "db", "n1", ["back"], 1003),
    endpoint("api-1", "api", "n1", ["front", "back"], 1004),
  ];
  return {
    ...emptyPlane,
    networks: new Map(networks.map(network => [network.id, network])),
    nodes: new Map([["n2", create(PlaneNodeSchema, { id: "n2", dataAddress: "127.0.0.79" })]]),
    services: new Map(
      [service("web", ["front"]), service("db", ["back"]), service("api", ["front", "back"])].map(each => [
        each.id,
        each,
      ]),
    ),
    endpoints: new Map(endpoints.map(each => [each.taskId, each])),
  };
}

const plan = (from = plane(), leaving: string[] = [], node = self) =>
  planNames(from, node, new Set(leaving), key => `<${key}>`);

/** What somebody finds who asks at an address. */
function finds(asker: string, name: string, planned = plan()): readonly string[] | undefined {
  const table = new NameTable(
    { ...planned.plane, endpoints: withAddresses(planned.plane.endpoints), services: withVips(planned.plane.services) },
    new Set(),
  );
  return table.find(name, table.networksOf(numbered(asker)))?.map(named);
}

// Keys stand for addresses in these tests; the table of names wants real ones.
const numbers: string[] = [];
function numbered(key: string): string {
  if (!numbers.includes(key)) numbers.push(key);
  return `127.64.0.${numbers.indexOf(key) + 1}`;
}
const named = (address: string): string => numbers[Number(address.split(".")[3]) - 1] ?? address;
const real = (addresses: readonly string[]): string[] => addresses.map(each => `${numbered(each.replace("/8", ""))}/8`);
const withAddresses = (endpoints: Plane["endpoints"]) =>
  new Map(
    Array.from(endpoints, ([id, each]) => [
      id,
      { ...each, attachments: each.attachments.map(one => ({ ...one, addresses: real(one.addresses) })) },
    ]),
  );
const withVips = (services: Plane["services"]) =>
  new Map(
    Array.from(services, ([id, each]) => [
      id,
      { ...each, virtualIps: each.virtualIps.map(vip => ({ ...vip, address: real([vip.address])[0]! })) },
    ]),
  );

it.each<[string, string, string, readonly string[] | undefined]>([
  ["a service of one's network", "<task web-1>", "api", ["<service api>"]],
  ["its tasks", "<task api-1>", "tasks.web", ["<task web-1>", "<task web-2>"]],
  ["oneself", "<task db-1>", "db", ["<service db>"]],
  ["a service of both networks", "<task db-1>", "api.back", ["<service api>"]],
  ["no service of another network", "<task web-1>", "db", undefined],
  ["every service, for the machine's user", "<user>", "db", ["<service db>"]],
  ["and every task", "<user>", "web.1", ["<task web-1>", "<task web-2>"]],
])("names find %s", (_, asker, name, expected) => {
  expect(finds(asker, name)).toEqual(expected);
});

it("names find no task that is not ready, or about to be stopped", () => {
  expect(finds("<user>", "tasks.web", plan(plane({ ready: false })))).toEqual(["<task web-1>"]);
  const { ports } = plan(plane(), ["web-1"]);
  const backends = ports.filter(({ place }) => place.address === "<service web>").map(port => port.backends.length);
  expect(backends).toEqual([1, 1]);
});

it("questions are answered for this node's tasks and the machine's user", () => {
  expect(plan().resolvers).toEqual(["<user>", "<task api-1>", "<task db-1>", "<task web-1>"]);
  expect(plan(emptyPlane).resolvers).toEqual([]);
});

it.each<[string, NamesNode, number[]]>([
  ["target and published port", self, [80, 8080]],
  ["no low port that may not be had", { ...self, lowestPort: 1024 }, [8080]],
  ["the target port alone on a node that publishes everywhere", { ...self, address: "" }, [80]],
])("a service's address has %s", (_, node, expected) => {
  const at = plan(plane(), [], node).ports.filter(({ place }) => place.address === "<service web>");
  expect(at.map(({ place }) => place.port)).toEqual(expected);
  const here = { host: node.address || "127.0.0.1", port: 1001 };
  for (const { backends } of at) expect(backends).toEqual([here, { host: "127.0.0.79", port: 1002 }]);
});

it("a task's address leads to that task alone", () => {
  const at = plan().ports.filter(({ place }) => place.address === "<task web-2>");
  expect(at.map(({ backends }) => backends)).toEqual(Array(2).fill([{ host: "127.0.0.79", port: 1002 }]));
});
