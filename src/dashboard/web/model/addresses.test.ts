import { describe, expect, it } from "vitest";
import { countOf, holdersOn, roomIn } from "./addresses.ts";
import type { Network } from "./objects.ts";
import { aNode, aService, aTask, swarmOf } from "./samples.test-kit.ts";

const network = { Id: "net", IPAM: { Config: [{ Subnet: "10.0.1.0/24", Gateway: "10.0.1.1" }] } } as unknown as Network;
const on = (address: string) => ({ Addresses: { net: address, other: "10.9.0.1/24" } });

describe("addresses of a network", () => {
  it("are told with who has them, in their order, and not of what is over", () => {
    const swarm = swarmOf({
      service: [aService("web", 1, { Endpoint: { VirtualIPs: [{ NetworkID: "net", Addr: "10.0.1.2/24" }] } })],
      node: [aNode("n1", on("10.0.1.10/24")), aNode("n2")],
      task: [
        aTask("t1", { ServiceID: "web", ...on("10.0.1.3/24") }),
        aTask("t2", { ServiceID: "web", State: "failed", ...on("10.0.1.4/24") }),
      ],
    });
    const holders = holdersOn(network, swarm);
    expect(holders.map(({ address, kind, name }) => `${address} ${kind} ${name}`)).toEqual([
      "10.0.1.1 gateway gateway",
      "10.0.1.2 service web",
      "10.0.1.3 task web.1",
      "10.0.1.10 node n1",
    ]);
    expect(countOf(holders)).toBe(4);
  });

  it.each([
    [["10.0.1.0/24"], 254],
    [["10.0.0.0/30", "10.1.0.0/16"], 2 + 65_534],
    [["10.0.0.0/32"], 0],
    [["fd00::/64"], 0],
    [[], 0],
  ])("in %j: %i", (subnets, room) => {
    expect(roomIn({ IPAM: { Config: subnets.map(Subnet => ({ Subnet })) } })).toBe(room);
  });
});
