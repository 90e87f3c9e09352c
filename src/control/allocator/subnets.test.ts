import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { parseCidr } from "../../lib/ip.ts";
import { IPAMOptionsSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aCluster, aNetwork } from "../objects.test-kit.ts";
import { cidrText, nextSubnet, subnetSource, subnetsFor } from "./subnets.ts";

const cidrs = (...texts: string[]) => texts.map(text => parseCidr(text)!);
const source = (pools: string[], size: number) => ({ pools: cidrs(...pools), size });
const docker = subnetSource(undefined);

function asking(...configs: { subnet: string; range?: string; gateway?: string }[]) {
  const network = aNetwork("n", "overlay");
  return { ...network, spec: { ...network.spec, ipam: create(IPAMOptionsSchema, { configs }) } };
}

describe("the next subnet", () => {
  it.each([
    [[], docker, "10.0.0.0/24"],
    [["10.0.0.0/24"], docker, "10.0.1.0/24"],
    [["10.0.0.0/24", "10.0.7.0/24"], docker, "10.0.8.0/24"],
    [["10.0.7.0/24", "192.168.0.0/24"], docker, "10.0.8.0/24"],
    [["10.0.4.0/22", "10.0.3.0/24"], docker, "10.0.8.0/24"],
    [["10.1.0.0/30", "10.1.0.8/30"], source(["10.1.0.0/28"], 30), "10.1.0.12/30"],
    [["10.1.0.0/30", "10.1.0.12/30"], source(["10.1.0.0/28"], 30), "10.1.0.4/30"],
    [["10.1.0.0/25", "10.1.0.128/25"], source(["10.1.0.0/24", "10.2.0.0/24"], 25), "10.2.0.0/25"],
    [["10.1.0.0/25", "10.2.0.0/24"], source(["10.1.0.0/24", "10.2.0.0/24"], 25), "10.1.0.128/25"],
    [["10.0.0.0/8"], docker, undefined],
    [[], source(["10.1.0.0/28"], 24), undefined],
  ])("after %j is the first one free, from the last on", (taken, from, expected) => {
    const found = nextSubnet(cidrs(...taken), from);
    expect(found && cidrText(found)).toBe(expected);
  });
});

describe("a network's subnets", () => {
  it("come from the swarm's pools, which are Docker's where it says nothing", () => {
    expect(subnetsFor(aNetwork("n", "overlay"), [], docker)).toMatchObject([
      { subnet: "10.0.0.0/24", gateway: "10.0.0.1" },
    ]);
    const cluster = { ...aCluster(), defaultAddressPool: ["172.30.0.0/16"], subnetSize: 26 };
    expect(subnetsFor(aNetwork("n", "overlay"), cidrs("172.30.0.0/26"), subnetSource(cluster))).toMatchObject([
      { subnet: "172.30.0.64/26", gateway: "172.30.0.65" },
    ]);
  });

  it("are those asked for, with their gateways", () => {
    const network = asking({ subnet: "192.168.5.7/24", range: "192.168.5.128/25", gateway: "192.168.5.254" });
    expect(subnetsFor(network, cidrs("10.0.0.0/24"), docker)).toMatchObject([
      { subnet: "192.168.5.0/24", range: "192.168.5.128/25", gateway: "192.168.5.254" },
    ]);
  });

  it("have one of IPv4 beside one of IPv6", () => {
    expect(subnetsFor(asking({ subnet: "fd00:1::/64" }), [], docker)).toMatchObject([
      { subnet: "10.0.0.0/24" },
      { subnet: "fd00:1::/64", gateway: "fd00:1::1" },
    ]);
  });

  it("are refused where they overlap, or there are none left", () => {
    expect(subnetsFor(asking({ subnet: "10.0.0.0/16" }), cidrs("10.0.3.0/24"), docker)).toMatchObject({
      text: 'network "n" cannot have subnet 10.0.0.0/16: it overlaps with another network\'s',
    });
    expect(subnetsFor(asking(), cidrs("10.1.0.0/24"), source(["10.1.0.0/24"], 24))).toMatchObject({
      text: 'no available subnet for network "n": 10.1.0.0/24 has no free /24',
    });
  });
});
