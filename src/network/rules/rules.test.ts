import { describe, expect, it } from "vitest";
import { PortConfig_Protocol as Protocol } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { localNetworks } from "../local-networks.ts";
import { other, type PlaneParts, planeOf, self, twoTasks, web, webTask } from "../plane.test-kit.ts";
import { tableChange, wholeTable } from "./commands.ts";
import { rulesOf } from "./plane-rules.ts";

const table = "shoal_node_self";
const rulesFor = (parts: PlaneParts, leaving: readonly string[] = []) => {
  const plane = planeOf(parts);
  return rulesOf(plane, localNetworks(plane, self), self, new Set(leaving));
};
const elements = (rules: ReturnType<typeof rulesFor>, set: string) => rules.sets.get(set)?.elements;
const chain = (rules: ReturnType<typeof rulesFor>, name: string) => rules.chains.get(name)?.rules;

describe("the rules for services", () => {
  it("send each connection to the next ready task", () => {
    const rules = rulesFor(twoTasks);
    expect(elements(rules, "virtual4")).toEqual(["10.0.1.10 : goto vip4_svc-web_net-back"]);
    expect(chain(rules, "vip4_svc-web_net-back")).toEqual([
      "dnat ip to numgen inc mod 2 map { 0 : 10.0.1.21, 1 : 10.0.1.22 }",
    ]);
    expect(elements(rules, "ports")).toEqual(["tcp . 8080 : goto port_tcp_8080"]);
    expect(chain(rules, "port_tcp_8080")).toEqual([
      "meta l4proto tcp dnat ip to numgen inc mod 2 map { 0 : 10.0.0.11 . 80, 1 : 10.0.0.12 . 80 }",
    ]);
  });

  it.each([
    ["not ready", { ...twoTasks, endpoints: [webTask(1, false), webTask(2)] }, []],
    ["about to be stopped", twoTasks, ["task1"]],
  ])("send nothing to a task that is %s", (_, parts, leaving) => {
    const rules = rulesFor(parts, leaving);
    expect(chain(rules, "vip4_svc-web_net-back")).toEqual(["dnat ip to numgen inc mod 1 map { 0 : 10.0.1.22 }"]);
    expect(chain(rules, "port_tcp_8080")?.[0]).toContain("mod 1 map { 0 : 10.0.0.12 . 80 }");
  });

  it("lead questions for names here that others would be asked", () => {
    const plane = planeOf(twoTasks);
    const rules = rulesOf(plane, localNetworks(plane, self), self, new Set(), ["172.17.0.2", "fd00::2"]);
    expect(elements(rules, "astray4")).toEqual(["172.17.0.2"]);
    expect(chain(rules, "come_in")?.[0]).toBe(
      "ip saddr @astray4 ip daddr != 169.254.53.53 meta l4proto { tcp, udp } th dport 53 dnat ip to 169.254.53.53",
    );
  });

  it("refuse at once what nobody would answer", () => {
    const rules = rulesFor({ ...twoTasks, endpoints: [] });
    expect(elements(rules, "virtual4")).toEqual([]);
    expect(elements(rules, "idle_ports")).toEqual(["tcp . 8080"]);
    expect(chain(rules, "port_tcp_8080")).toEqual([]);
  });

  it("publish to tasks of this node alone where the service says so", () => {
    const rules = rulesFor({ ...twoTasks, services: [{ ...web, localOnly: true }] });
    expect(chain(rules, "port_tcp_8080")?.[0]).toContain("mod 1 map { 0 : 10.0.0.11 . 80 }");
    expect(chain(rules, "vip4_svc-web_net-back")?.[0]).toContain("mod 2");
  });

  it("publish on some of the node's addresses where its label says so", () => {
    const rules = rulesFor({ ...twoTasks, services: [{ ...web, publishAddresses: ["198.51.100.7"] }] });
    expect(chain(rules, "port_tcp_8080")?.slice(0, 2)).toEqual([
      "ip daddr != { 198.51.100.7 } return",
      "meta nfproto ipv6 return",
    ]);
  });

  it("keep protocols apart", () => {
    const ports = [Protocol.TCP, Protocol.UDP, Protocol.SCTP].map(protocol => ({
      ...{ protocol, targetPort: 53, publishedPort: 53 },
    }));
    const rules = rulesFor({ ...twoTasks, services: [{ ...web, ports }] });
    expect(elements(rules, "ports")).toEqual(["tcp", "udp", "sctp"].map(name => `${name} . 53 : goto port_${name}_53`));
  });

  it("leave a service without a virtual address alone", () => {
    const rules = rulesFor({ ...twoTasks, services: [{ ...web, virtualIps: [], ports: [] }] });
    expect(elements(rules, "virtual4")).toEqual([]);
    expect([...rules.chains.keys()].filter(name => /^(vip|port)/.test(name))).toEqual([]);
  });
});

describe("the rules for who may reach whom", () => {
  const db = {
    id: "svc-db",
    name: "db",
    virtualIps: [{ networkId: "net-back", address: "10.0.1.11/24" }],
    ...{ restricted: true, allowFrom: ["web", "nobody"] },
  };
  const dbTask = {
    ...{ taskId: "db1", serviceId: "svc-db", nodeId: self.nodeId, ready: true },
    attachments: [{ networkId: "net-back", addresses: ["10.0.1.31/24"] }],
  };
  const rules = rulesFor({ ...twoTasks, services: [web, db], endpoints: [webTask(1), webTask(2), dbTask] });

  it("let in the named services and what nodes pass on", () => {
    expect(elements(rules, "to4_svc-db")).toEqual(["10.0.1.31"]);
    expect([...(elements(rules, "from4_svc-db") ?? [])].sort()).toEqual(
      ["10.0.0.2", "10.0.0.3", "10.0.1.1", "10.0.1.4", "10.0.0.11", "10.0.1.21", "10.0.0.12", "10.0.1.22"].sort(),
    );
  });

  it("refuse all others, by the virtual address and directly", () => {
    const stranger = "ip saddr @inside4 ip saddr != @from4_svc-db";
    expect(chain(rules, "vip4_svc-db_net-back")?.[0]).toBe(`${stranger} return`);
    expect(chain(rules, "restricted")).toContain(`ip daddr @to4_svc-db ${stranger} reject`);
  });
});

describe("the caller's own address", () => {
  const noFilter = { ...self, filtersBridges: false };

  it("is kept between neighbours on a network, and to tasks of the node itself", () => {
    const rules = rulesFor(twoTasks);
    expect(elements(rules, "neighbours4")).toEqual(["10.0.1.0/24 . 10.0.1.0/24"]);
    expect(elements(rules, "here4")).toEqual(["10.0.0.11"]);
  });

  it("is given up where a task would answer itself", () => {
    const own = elements(rulesFor({ ...twoTasks, endpoints: [webTask(1)] }), "homeward4");
    expect(own).toEqual([
      "10.0.0.11 . 10.0.0.11",
      "10.0.0.11 . 10.0.1.21",
      "10.0.1.21 . 10.0.0.11",
      "10.0.1.21 . 10.0.1.21",
    ]);
  });

  it("is given up where rules do not see the answer", () => {
    const plane = planeOf(twoTasks);
    const rules = rulesOf(plane, localNetworks(plane, noFilter), noFilter, new Set());
    expect([...(elements(rules, "neighbours4") ?? []), ...(elements(rules, "here4") ?? [])]).toEqual([]);
  });
});

describe("the routing mesh", () => {
  it("knows senders by their MAC, and gives itself as sender where the caller is the task's own node", () => {
    const rules = rulesFor(twoTasks);
    expect(elements(rules, "senders")).toEqual(["02:42:0a:00:00:03 : 0x300000"]);
    expect(elements(rules, "homeward4")).toContain("192.0.2.2 . 10.0.0.12");
  });

  it("gives itself as sender to callers from any address of the task's own node", () => {
    const addresses = ["198.51.100.2", "2001:db8::2", "192.0.2.2"];
    const rules = rulesFor({ ...twoTasks, nodes: [{ ...other, addresses }], endpoints: [webTask(2)] });
    expect(elements(rules, "homeward4")).toEqual(["192.0.2.2 . 10.0.0.12", "198.51.100.2 . 10.0.0.12"]);
  });
});

describe("the commands", () => {
  const all = rulesFor(twoTasks);

  it("put the whole table in place in one transaction, chains before what leads to them", () => {
    const lines = wholeTable(all).trim().split("\n");
    expect(lines.slice(0, 3)).toEqual([
      `add table inet ${table}`,
      `delete table inet ${table}`,
      `add table inet ${table}`,
    ]);
    const at = (start: string): number => lines.findIndex(line => line.startsWith(start));
    expect(at(`add chain inet ${table} port_tcp_8080`)).toBeLessThan(at(`add element inet ${table} ports`));
    expect(lines.at(-1)).toMatch(/^add rule/);
  });

  it("are none when nothing has changed", () => {
    expect(tableChange(all, rulesFor(twoTasks))).toBe("");
  });

  it("are few when one task leaves", () => {
    expect(
      tableChange(all, rulesFor(twoTasks, ["task2"]))
        .trim()
        .split("\n"),
    ).toEqual([
      `flush chain inet ${table} vip4_svc-web_net-back`,
      `add rule inet ${table} vip4_svc-web_net-back dnat ip to numgen inc mod 1 map { 0 : 10.0.1.21 }`,
      `flush chain inet ${table} port_tcp_8080`,
      `add rule inet ${table} port_tcp_8080 meta l4proto tcp dnat ip to numgen inc mod 1 map { 0 : 10.0.0.11 . 80 }`,
    ]);
  });

  it("take a chain away after what leads to it", () => {
    const lines = tableChange(all, rulesFor({ ...twoTasks, services: [] }))
      .trim()
      .split("\n");
    expect(lines).toEqual([
      `delete element inet ${table} virtual4 { 10.0.1.10 }`,
      `delete element inet ${table} ports { tcp . 8080 }`,
      `flush chain inet ${table} vip4_svc-web_net-back`,
      `flush chain inet ${table} port_tcp_8080`,
      `delete chain inet ${table} vip4_svc-web_net-back`,
      `delete chain inet ${table} port_tcp_8080`,
    ]);
  });
});
