import { decode, encode, RECURSION_DESIRED } from "dns-packet";
import { describe, expect, it } from "vitest";
import { back, mesh, other, type PlaneParts, planeOf, self, web, webTask } from "../plane.test-kit.ts";
import { Resolver } from "./resolver.ts";
import { reversedAddress } from "./reverse.ts";

const front = { id: "net-front", name: "front", subnets: [{ cidr: "10.0.2.0/24", gateway: "10.0.2.1" }] };

const parts: PlaneParts = {
  networks: [mesh, back, front],
  nodes: [other],
  services: [
    { ...web, names: [{ networkId: "net-back", aliases: ["www"] }] },
    { id: "svc-rr", name: "rr", mode: 1 },
    { id: "svc-hidden", name: "hidden", virtualIps: [{ networkId: "net-front", address: "10.0.2.10/24" }] },
  ],
  endpoints: [
    webTask(1),
    { ...webTask(2), hostname: "Second" },
    webTask(3, false),
    {
      ...{ taskId: "rr1", serviceId: "svc-rr", nodeId: self.nodeId, slot: 1n, name: "rr.1.rr1", ready: true },
      attachments: [{ networkId: "net-back", addresses: ["10.0.1.41/24", "fd00::41/64"] }],
    },
    {
      ...{ taskId: "hand", nodeId: self.nodeId, name: "by-hand", ready: true },
      attachments: [{ networkId: "net-front", addresses: ["10.0.2.51/24"], aliases: ["nick"] }],
    },
  ],
};

/** Answers every forwarded question with the same bytes. */
const upstream = {
  ask: async () => encode({ type: "response", id: 1, answers: [{ type: "A", name: "x", data: "192.0.2.99" }] }),
};

function resolver(leaving: readonly string[] = []): Resolver {
  const made = new Resolver(upstream);
  made.replace(planeOf(parts), new Set(leaving));
  return made;
}

async function ask(
  name: string,
  options: { from?: string; type?: "A" | "AAAA" | "PTR" | "TXT"; leaving?: string[] } = {},
) {
  const { from = "10.0.1.21", type = "A", leaving = [] } = options;
  const query = encode({ type: "query", id: 7, flags: RECURSION_DESIRED, questions: [{ type, name }] });
  const answer = decode(Buffer.from((await resolver(leaving).handler(query, from, false))!));
  const data = (answer.answers ?? []).map(each => ("data" in each ? String(each.data) : "")).sort();
  return data.length > 0 || !("rcode" in answer) || answer.rcode === "NOERROR" ? data : answer.rcode;
}

describe("names of the swarm's networks", () => {
  it.each([
    ["a service", "web", ["10.0.1.10"]],
    ["whatever its letters", "WEB", ["10.0.1.10"]],
    ["with the network's name", "web.back", ["10.0.1.10"]],
    ["with another network's name", "web.front", ["192.0.2.99"]],
    ["by an alias", "www", ["10.0.1.10"]],
    ["its ready tasks", "tasks.web", ["10.0.1.21", "10.0.1.22"]],
    ["one slot", "web.2", ["10.0.1.22"]],
    ["one container", "web.1.task1", ["10.0.1.21"]],
    ["one that is not ready", "web.3", []],
    ["a host name", "second", ["10.0.1.22"]],
    ["a service without a virtual address", "rr", ["10.0.1.41"]],
    ["a service of another network", "hidden", ["192.0.2.99"]],
    ["the outside world", "example.com", ["192.0.2.99"]],
  ])("%s", async (_, name, addresses) => {
    expect(await ask(name)).toEqual(addresses);
  });

  it("have IPv6 addresses where there are some, and otherwise none, without asking outside", async () => {
    expect(await ask("rr", { type: "AAAA" })).toEqual(["fd00::41"]);
    expect(await ask("web", { type: "AAAA" })).toEqual([]);
    expect(await ask("web", { type: "TXT" })).toEqual([]);
  });

  it("are those of the networks that the asker is on", async () => {
    const from = "10.0.2.51";
    expect(await ask("hidden", { from })).toEqual(["10.0.2.10"]);
    expect(await ask("nick", { from })).toEqual(["10.0.2.51"]);
    expect(await ask("web", { from })).toEqual(["192.0.2.99"]);
    // Not known yet, and by its address on one network.
    expect(await ask("hidden", { from: "10.0.2.77" })).toEqual(["10.0.2.10"]);
    expect(await ask("hidden", { from: "198.51.100.1" })).toEqual(["192.0.2.99"]);
  });

  it("leave out a task that is about to be stopped", async () => {
    expect(await ask("tasks.web", { leaving: ["task2"] })).toEqual(["10.0.1.21"]);
  });

  it("are found by address", async () => {
    const type = "PTR";
    expect(await ask("21.1.0.10.in-addr.arpa", { type })).toEqual(["web.1.task1.back"]);
    expect(await ask("10.1.0.10.in-addr.arpa", { type })).toEqual(["web.back"]);
    expect(await ask("200.1.0.10.in-addr.arpa", { type })).toBe("NXDOMAIN");
    expect(await ask("10.2.0.10.in-addr.arpa", { type })).toEqual(["192.0.2.99"]);
  });

  it("come in turns", async () => {
    const one = resolver();
    const query = encode({ type: "query", id: 7, questions: [{ type: "A", name: "tasks.web" }] });
    const firsts = new Set<string>();
    for (let turn = 0; turn < 2; turn += 1) {
      const { answers } = decode(Buffer.from((await one.handler(query, "10.0.1.21", false))!));
      const [first] = answers ?? [];
      if (first && "data" in first) firsts.add(String(first.data));
    }
    expect(firsts.size).toBe(2);
  });
});

describe("the messages", () => {
  const many: PlaneParts = {
    networks: [back],
    services: [{ id: "svc-web", name: "web" }],
    endpoints: Array.from({ length: 100 }, (_, at) => ({
      ...{ taskId: `t${at}`, serviceId: "svc-web", name: `web.${at}.t${at}`, ready: true },
      attachments: [{ networkId: "net-back", addresses: [`10.0.1.${at + 100}/24`] }],
    })),
  };

  it("say that they are cut short, and are whole by TCP", async () => {
    const one = new Resolver(upstream);
    one.replace(planeOf(many), new Set());
    const query = encode({ type: "query", id: 7, questions: [{ type: "A", name: "web" }] });
    const short = decode(Buffer.from((await one.handler(query, "10.0.1.100", false))!));
    expect("flag_tc" in short && short.flag_tc).toBe(true);
    expect(short.answers).toEqual([]);
    const whole = decode(Buffer.from((await one.handler(query, "10.0.1.100", true))!));
    expect(whole.answers).toHaveLength(100);
  });

  it("are not answered when they are no questions", async () => {
    const answer = encode({ type: "response", id: 7, questions: [{ type: "A", name: "web" }] });
    expect(await resolver().handler(answer, "10.0.1.21", false)).toBeUndefined();
    expect(await resolver().handler(Buffer.from([1, 2, 3]), "10.0.1.21", false)).toBeUndefined();
  });

  it("say that this machine's name servers do not answer", async () => {
    const silent = new Resolver({ ask: () => Promise.reject(new Error("nobody")) });
    const query = encode({ type: "query", id: 7, questions: [{ type: "A", name: "example.com" }] });
    const answer = decode(Buffer.from((await silent.handler(query, "10.0.1.21", false))!));
    expect("rcode" in answer && answer.rcode).toBe("SERVFAIL");
  });
});

it.each([
  ["5.1.0.10.in-addr.arpa", "10.0.1.5"],
  ["5.1.0.10.IN-ADDR.ARPA.", "10.0.1.5"],
  ["1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "2001:db8::1"],
  ["1.0.10.in-addr.arpa", undefined],
  ["300.1.0.10.in-addr.arpa", undefined],
  ["web", undefined],
])("reads the address out of %s", (name, address) => {
  expect(reversedAddress(name)).toBe(address);
});
