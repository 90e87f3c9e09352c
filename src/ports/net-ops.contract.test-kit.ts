import { asFault } from "../lib/fault.ts";
import type { LinkChange, Links, NetOps, NetPart, ReturnPath, RulesContents } from "./net-ops.ts";
import { returnKey } from "./net-ops.ts";

const bridge = "sbkit1";
const vxlan = "svkit1";
const port = "vekit1";
const prefixes = ["sbkit", "svkit"];
const link = { name: vxlan, namespace: "", id: 4097, port: 4789, local: "192.0.2.1", mtu: 1_450, bridge };
const path: ReturnPath = { mark: 3 * 2 ** 20, family: 4, via: "10.77.0.3", device: bridge };

/** What was seen after each step, as plain values. */
export type Seen = Readonly<Record<string, unknown>>;

/**
 * Does with a machine's network what a data plane does, each thing twice. The machine has 192.0.2.1, and the bridge sbkit1 with
 * 10.77.0.1/24 and a container's port vekit1, as an engine would have made it. Every NetOps is to show the same.
 */
export async function exerciseNetOps(ops: NetOps): Promise<Seen> {
  const seen: Record<string, unknown> = {};
  const note = async (step: string): Promise<void> => {
    seen[step] = plain(await ops.observe(prefixes));
  };
  const twice = async (...changes: Parameters<NetOps["change"]>[0]): Promise<void> => {
    await ops.change(changes);
    await ops.change(changes.filter(change => change.do !== "add-vxlan"));
  };
  await twice(
    { do: "set-bridge-mac", bridge, mac: "02:42:0a:4d:00:01" },
    { do: "filter-bridge", bridge },
    { do: "add-vxlan", link },
    { do: "add-address", bridge, address: "10.77.0.10/32" },
    { do: "set-forwarding", device: vxlan, mac: "02:42:0a:4d:00:05", to: "192.0.2.2" },
    { do: "set-neighbour", device: vxlan, address: "10.77.0.5", mac: "02:42:0a:4d:00:05" },
    { do: "set-neighbour", device: bridge, address: "10.77.0.3", mac: "02:42:0a:4d:00:03" },
    { do: "set-return", path },
  );
  await note("made");
  await twice({ do: "set-hairpin", bridge, port });
  await note("given back by its port");
  seen.addresses = await ops.globalAddresses(prefixes);
  await twice(
    { do: "set-forwarding", device: vxlan, mac: "02:42:0a:4d:00:05", to: "192.0.2.3" },
    { do: "set-return", path: { ...path, via: "10.77.0.4" } },
  );
  await note("changed");
  await twice(
    { do: "remove-return", path: { ...path, via: "10.77.0.4" }, isLast: true },
    { do: "remove-neighbour", device: bridge, address: "10.77.0.3" },
    { do: "remove-forwarding", device: vxlan, mac: "02:42:0a:4d:00:05", to: "192.0.2.3" },
    { do: "remove-address", bridge, address: "10.77.0.10/32" },
  );
  await note("partly removed");
  seen.told = await exerciseWatch(ops);
  await twice({ do: "remove-vxlan", name: vxlan });
  await note("removed");
  seen.rules = await exerciseRules(ops);
  seen.brokenOff = await exerciseBreakingOff(ops);
  return seen;
}

/** What is told of changes to one thing at a time. */
async function exerciseWatch(ops: NetOps): Promise<unknown> {
  const entry = { device: vxlan, mac: "02:42:0a:4d:00:06", to: "192.0.2.2" };
  const neighbour = { device: vxlan, address: "10.77.0.6" };
  const address = { bridge, address: "10.77.0.11/32" };
  const table = "shoal_kit_watched";
  const there = (change: LinkChange) => () => ops.change([change]);
  return [
    await told(ops, there({ do: "set-forwarding", ...entry }), there({ do: "remove-forwarding", ...entry })),
    await told(
      ops,
      there({ do: "set-neighbour", ...neighbour, mac: entry.mac }),
      there({ do: "remove-neighbour", ...neighbour }),
    ),
    await told(ops, there({ do: "add-address", ...address }), there({ do: "remove-address", ...address })),
    await told(ops, there({ do: "set-return", path }), there({ do: "remove-return", path, isLast: true })),
    await told(
      ops,
      () => ops.applyRules(`add table inet ${table}\n`),
      () => ops.applyRules(`delete table inet ${table}\n`),
    ),
  ];
}

/** What is told first while a change is made and taken back, until it is told: nobody knows when that begins. */
async function told(ops: NetOps, make: () => Promise<void>, takeBack: () => Promise<void>): Promise<NetPart[]> {
  const parts = new Set<NetPart>();
  const stop = new AbortController();
  const watching = ops.watch(prefixes, part => parts.add(part), stop.signal);
  while (parts.size === 0) {
    await make();
    await takeBack();
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  stop.abort();
  await watching;
  return [...parts];
}

/** How looks end that nobody waits for any more. */
async function exerciseBreakingOff(ops: NetOps): Promise<unknown[]> {
  const looks = [ops.observe(prefixes, AbortSignal.abort()), ops.contentsOfRules("shoal_kit", AbortSignal.abort())];
  const ended = await Promise.allSettled(looks);
  return ended.map(each => (each.status === "rejected" ? asFault(each.reason).code : each.status));
}

async function exerciseRules(ops: NetOps): Promise<unknown[]> {
  const table = "shoal_kit";
  const shapes: unknown[] = [];
  const note = async (): Promise<void> => {
    const contents = await ops.contentsOfRules(table);
    const counts = (parts: RulesContents["chains"]): unknown =>
      [...parts].map(([name, { count }]) => [name, count]).sort();
    shapes.push(contents && { chains: counts(contents.chains), sets: counts(contents.sets) });
  };
  await note();
  await ops.applyRules(
    [
      `add table inet ${table}`,
      `add chain inet ${table} one`,
      `add map inet ${table} way { type ipv4_addr : verdict; }`,
      `add element inet ${table} way { 10.0.0.1 : goto one, 10.0.0.2 : goto one }`,
      `add rule inet ${table} one ip saddr 10.0.0.9 drop`,
      "",
    ].join("\n"),
  );
  await note();
  const refused = [`add chain inet ${table} two`, `delete chain inet ${table} one`, ""].join("\n");
  shapes.push(
    await ops.applyRules(refused).then(
      () => "done",
      () => "refused as a whole",
    ),
  );
  await note();
  await ops.applyRules(`delete table inet ${table}\n`);
  await note();
  return shapes;
}

function plain({ bridges, vxlans, forwarding, neighbours, returns }: Links): unknown {
  const table = (all: Links["forwarding"]): unknown =>
    [...all]
      .filter(([, entries]) => entries.size > 0)
      .map(([device, entries]) => [device, [...entries].sort()])
      .sort();
  return {
    bridges: [...bridges.values()].map(each => ({
      ...{ ...each, addresses: [...each.addresses], withoutHairpin: [...each.withoutHairpin] },
    })),
    vxlans: [...vxlans.values()],
    forwarding: table(forwarding),
    neighbours: table(neighbours),
    returns: [...returns].filter(([key, each]) => key === returnKey(each)),
  };
}
