import { describe, expect, it } from "vitest";
import { linkPlan } from "./link-plan.ts";
import { linksOf } from "./links.ts";
import { localNetworks } from "./local-networks.ts";
import { back, mesh, other, type PlaneParts, planeOf, self, twoTasks, web, webTask } from "./plane.test-kit.ts";

const linksFor = (parts: PlaneParts) => linksOf(planeOf(parts), localNetworks(planeOf(parts), self), self);
const links = linksFor(twoTasks);

describe("the devices of a node", () => {
  it("are a bridge and a VXLAN device a network", () => {
    expect(links.bridges.get("sbselfet-back")).toEqual({
      name: "sbselfet-back",
      mac: "02:42:0a:00:01:01",
      addresses: new Set(["10.0.1.10/32", "169.254.53.53/32"]),
      isFiltered: true,
      withoutHairpin: new Set(),
    });
    expect(links.vxlans.get("svselfet-back")).toEqual({
      name: "svselfet-back",
      ...{ namespace: "", id: 4097, port: 4789, local: "192.0.2.1", mtu: 1_450, bridge: "sbselfet-back" },
    });
    expect(links.vxlans.get("svselfet-mesh")?.bridge).toBe("sbselfet-mesh");
  });

  it("know behind which node each remote container and bridge is, and answer for them", () => {
    expect(links.forwarding.get("svselfet-back")).toEqual(
      new Map([
        ["02:42:0a:00:01:04", "192.0.2.2"],
        ["02:42:0a:00:01:16", "192.0.2.2"],
      ]),
    );
    expect(links.neighbours.get("svselfet-back")).toEqual(
      new Map([
        ["10.0.1.4", "02:42:0a:00:01:04"],
        ["10.0.1.22", "02:42:0a:00:01:16"],
      ]),
    );
  });

  it("lead over the ingress network to nodes alone, which route", () => {
    expect(links.forwarding.get("svselfet-mesh")).toEqual(new Map([["02:42:0a:00:00:03", "192.0.2.2"]]));
    expect(links.neighbours.get("svselfet-mesh")).toEqual(new Map([["10.0.0.3", "02:42:0a:00:00:03"]]));
    expect(links.neighbours.get("sbselfet-mesh")).toEqual(
      new Map([
        ["10.0.0.3", "02:42:0a:00:00:03"],
        ["10.0.0.12", "02:42:0a:00:00:03"],
      ]),
    );
    expect([...links.returns.values()]).toEqual([
      { mark: 3 * 2 ** 20, family: 4, via: "10.0.0.3", device: "sbselfet-mesh" },
    ]);
  });

  it("lead over the ingress network straight to containers whose nodes see what their bridges pass on", () => {
    const seeing = linksFor({ ...twoTasks, nodes: [{ ...other, filtersBridges: true }] });
    expect(seeing.forwarding.get("svselfet-mesh")).toEqual(
      new Map([
        ["02:42:0a:00:00:03", "192.0.2.2"],
        ["02:42:0a:00:00:0c", "192.0.2.2"],
      ]),
    );
    expect(seeing.neighbours.get("sbselfet-mesh")?.get("10.0.0.12")).toBe("02:42:0a:00:00:0c");
    // What containers ask for is still nodes alone.
    expect(seeing.neighbours.get("svselfet-mesh")).toEqual(links.neighbours.get("svselfet-mesh"));
    expect(seeing.returns).toEqual(links.returns);
  });

  it.each([
    ["a node whose address is not known yet", { ...twoTasks, nodes: [{ ...other, dataAddress: "" }] }, "svselfet-back"],
    ["a task of a node that is not known yet", { ...twoTasks, nodes: [] }, "svselfet-back"],
  ])("leave out %s", (_, parts, device) => {
    expect(linksFor(parts).forwarding.get(device)).toEqual(new Map());
  });

  it("are none for a network on which the node has no address", () => {
    const unaddressed = { ...back, subnets: [{ cidr: "10.0.1.0/24", gateway: "" }] };
    expect(linksFor({ networks: [unaddressed] }).bridges.size).toBe(0);
  });

  it("send what is to be encrypted within the tunnel's namespace, and nothing else", () => {
    const { vxlans } = linksFor({ ...twoTasks, networks: [mesh, { ...back, encrypted: true }] });
    expect([...vxlans.values()].map(({ name, namespace, mtu }) => [name, namespace, mtu])).toEqual([
      ["svselfet-back", "swself", 1_390],
      ["svselfet-mesh", "", 1_450],
    ]);
  });

  it("take the MTU that the user asks for, and otherwise what the underlay leaves", () => {
    const mtuOf = (mtu: number, underlayMtu: number, address: string, encrypted = false) => {
      const plane = planeOf({ networks: [{ ...back, mtu, encrypted }] });
      return localNetworks(plane, { ...self, underlayMtu, address })[0]?.mtu;
    };
    expect(mtuOf(0, 9_000, "192.0.2.1")).toBe(8_950);
    expect(mtuOf(0, 1_500, "2001:db8::1")).toBe(1_430);
    expect(mtuOf(1_280, 9_000, "192.0.2.1")).toBe(1_280);
    expect(mtuOf(0, 1_500, "192.0.2.1", true)).toBe(1_390);
    expect(mtuOf(0, 1_500, "2001:db8::1", true)).toBe(1_350);
  });
});

describe("the way from one state of the devices to another", () => {
  const nothing = linksFor({});
  const sentences = (changes: ReturnType<typeof linkPlan>["before"]): string[] =>
    changes.map(change =>
      Object.values(change)
        .map(value => (typeof value === "object" ? "…" : value))
        .join(" "),
    );

  it("is empty when nothing has changed", () => {
    expect(linkPlan(links, links)).toEqual({ before: [], after: [] });
  });

  it("makes devices before what lies on them", () => {
    const { before, after } = linkPlan(nothing, linksFor({ ...twoTasks, networks: [back] }));
    expect(after).toEqual([]);
    expect(sentences(before)).toEqual([
      "add-vxlan …",
      "set-bridge-mac sbselfet-back 02:42:0a:00:01:01",
      "filter-bridge sbselfet-back",
      "add-address sbselfet-back 10.0.1.10/32",
      "add-address sbselfet-back 169.254.53.53/32",
      "set-forwarding svselfet-back 02:42:0a:00:01:04 192.0.2.2",
      "set-forwarding svselfet-back 02:42:0a:00:01:16 192.0.2.2",
      "set-neighbour svselfet-back 10.0.1.4 02:42:0a:00:01:04",
      "set-neighbour svselfet-back 10.0.1.22 02:42:0a:00:01:16",
    ]);
  });

  it("lets what comes to a bridge later give back what a task sends to itself", () => {
    const before = links.bridges.get("sbselfet-back");
    if (!before) throw new Error("there is a bridge");
    const bridges = new Map([...links.bridges, [before.name, { ...before, withoutHairpin: new Set(["veth1"]) }]]);
    const plan = linkPlan({ ...links, bridges }, links);
    expect(sentences([...plan.before, ...plan.after])).toEqual(["set-hairpin sbselfet-back veth1"]);
  });

  it("takes away only after the rules have changed, and not what goes with its device", () => {
    const { before, after } = linkPlan(links, linksFor({ ...twoTasks, networks: [mesh], endpoints: [] }));
    expect(before).toEqual([]);
    expect(sentences(after)).toEqual(["remove-neighbour sbselfet-mesh 10.0.0.12", "remove-vxlan svselfet-back"]);
  });

  it("moves what is behind another node now in one step", () => {
    const third = { id: "node-third", dataAddress: "192.0.2.3" };
    const moved = { ...webTask(2), nodeId: third.id };
    const after = linksFor({ ...twoTasks, nodes: [other, third], endpoints: [webTask(1), moved] });
    expect(sentences(linkPlan(links, after).before)).toEqual([
      "set-forwarding svselfet-back 02:42:0a:00:01:16 192.0.2.3",
    ]);
  });

  it("makes a VXLAN device that differs anew, with all that was on it", () => {
    const after = linksFor({ ...twoTasks, networks: [mesh, { ...back, vxlanPort: 5_000 }] });
    const plan = linkPlan(links, after);
    expect(sentences(plan.before)).toEqual([
      "remove-vxlan svselfet-back",
      "add-vxlan …",
      "set-forwarding svselfet-back 02:42:0a:00:01:04 192.0.2.2",
      "set-forwarding svselfet-back 02:42:0a:00:01:16 192.0.2.2",
      "set-neighbour svselfet-back 10.0.1.4 02:42:0a:00:01:04",
      "set-neighbour svselfet-back 10.0.1.22 02:42:0a:00:01:16",
    ]);
    expect(plan.after).toEqual([]);
  });

  it("takes back the address of a service that is gone", () => {
    const gone = linksFor({ ...twoTasks, services: [{ ...web, virtualIps: [] }] });
    expect(sentences(linkPlan(links, gone).after)).toEqual(["remove-address sbselfet-back 10.0.1.10/32"]);
  });
});
