import { expect, it } from "vitest";
import type { ListeningSocket } from "../ports/net-probes.ts";
import { PortConfig_Protocol as Protocol } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { mesh, type PlaneParts, planeOf, twoTasks, web } from "./plane.test-kit.ts";
import { portName, portsInUse, publishedPorts } from "./ports-in-use.ts";

const socket = (address: string, more: Partial<ListeningSocket> = {}): ListeningSocket => ({
  ...{ protocol: "tcp", port: 8080, address, program: "nginx (process 3)" },
  ...more,
});
const on = (...publishAddresses: string[]): PlaneParts => ({ ...twoTasks, services: [{ ...web, publishAddresses }] });
const dual: PlaneParts = {
  ...twoTasks,
  networks: [{ ...mesh, subnets: [...mesh.subnets, { cidr: "fd00::/64", gateway: "fd00::2" }] }],
};

it.each<[string, PlaneParts, ListeningSocket[], string[]]>([
  ["nothing listens", twoTasks, [], []],
  ["all addresses", twoTasks, [socket("*")], ["*"]],
  ["all of IPv4", twoTasks, [socket("0.0.0.0")], ["*"]],
  ["one address", twoTasks, [socket("192.0.2.1")], ["192.0.2.1"]],
  ["the loopback address: the node's own calls go to the mesh, too", twoTasks, [socket("127.0.0.1")], ["127.0.0.1"]],
  ["several", twoTasks, [socket("127.0.0.1"), socket("192.0.2.1")], ["127.0.0.1", "192.0.2.1"]],
  ["another protocol", twoTasks, [socket("*", { protocol: "udp" })], []],
  ["another port", twoTasks, [socket("*", { port: 80 })], []],
  ["IPv6, which is not published", twoTasks, [socket("::"), socket("2001:db8::1")], []],
  ["IPv6, which is", dual, [socket("::")], ["*"]],
  ["::1, from where no calls are led away", dual, [socket("::1")], []],
  ["one IPv6 address", dual, [socket("2001:db8::1")], ["2001:db8::1"]],
  ["an address that the node does not publish on", on("192.0.2.1"), [socket("127.0.0.1")], []],
  ["one that it publishes on", on("192.0.2.1/24"), [socket("192.0.2.1")], ["192.0.2.1"]],
  ["all, where it publishes on one", on("192.0.2.1"), [socket("0.0.0.0")], ["*"]],
  ["all of the other IP version", on("2001:db8::1"), [socket("0.0.0.0")], []],
])("tells which sockets lose calls: %s", (_, parts, sockets, addresses) => {
  const found = portsInUse(planeOf(parts), sockets);
  const conflict = {
    ...{ protocol: Protocol.TCP, port: 8080, serviceId: "svc-web", addresses },
    program: "nginx (process 3)",
  };
  expect(found).toEqual(addresses.length === 0 ? [] : [conflict]);
});

it("names each program once, and none that is not known", () => {
  const sockets = [socket("127.0.0.1", { program: "" }), socket("127.0.0.2"), socket("127.0.0.3")];
  expect(portsInUse(planeOf(twoTasks), sockets).map(({ program }) => program)).toEqual(["nginx (process 3)"]);
  expect(portsInUse(planeOf(twoTasks), sockets).map(portName)).toEqual(["8080/tcp"]);
});

it("knows what is published", () => {
  expect([...publishedPorts(planeOf(twoTasks))]).toEqual([8080]);
});
