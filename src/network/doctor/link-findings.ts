import type { BridgeNetwork, LinkChange, Links } from "../../ports/net-ops.ts";
import { bridgePlan } from "../bridges.ts";
import { linkPlan } from "../link-plan.ts";
import type { LocalNetwork } from "../local-networks.ts";
import { error, type Finding } from "./finding.ts";

/** The engine's bridge networks that are missing, wrong or left over. */
export function bridgeFindings(
  actual: readonly BridgeNetwork[],
  wanted: readonly BridgeNetwork[],
  hasDevice: (name: string) => boolean,
  subjectOf: (name: string) => string,
): Finding[] {
  const { replaced, made, removed } = bridgePlan(actual, wanted, hasDevice);
  return [
    ...made.map(({ name, bridge }) => {
      if (!replaced.includes(name)) return error(subjectOf(name), "the engine's bridge network is missing");
      const problem = hasDevice(bridge) ? "has other settings than it ought to have" : "has lost its device";
      return error(subjectOf(name), `the engine's bridge network ${problem}`);
    }),
    ...removed.map(name => error(name, "the engine has a bridge network that nothing here needs any more")),
  ];
}

/** Devices, addresses, table entries and routes that are missing, wrong or left over; one finding for all entries of a kind. */
export function linkFindings(actual: Links, wanted: Links, subjectOf: (device: string) => string): Finding[] {
  const { before, after } = linkPlan(actual, wanted);
  const isAbsent = (bridge: string): boolean => wanted.bridges.has(bridge) && !actual.bridges.has(bridge);
  const made = new Set(before.flatMap(change => (change.do === "add-vxlan" ? [change.link.name] : [])));
  const groups = new Map<string, { readonly subject: string; readonly texts: Said; readonly entries: string[] }>();
  for (const change of [...before, ...after]) {
    const said = sayingOf(change);
    // What comes with a device is missing because that is.
    if (!said || isAbsent(said.device) || (said.entry !== "" && made.has(said.device))) continue;
    const key = `${change.do} ${said.device}`;
    const group = groups.get(key) ?? { subject: subjectOf(said.device), texts: said, entries: [] };
    group.entries.push(said.entry);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ subject, texts, entries }) => error(subject, problemOf(texts, entries)));
}

/** How many links are compared: devices, and entries of their tables. */
export function countOf({ bridges, vxlans, forwarding, neighbours, returns }: Links): number {
  const entries = [...forwarding.values(), ...neighbours.values()].reduce((sum, { size }) => sum + size, 0);
  return bridges.size + vxlans.size + returns.size + entries;
}

/** By device and by the engine's name, what a network is called. */
export function subjects(networks: readonly LocalNetwork[]): (name: string) => string {
  const names = new Map<string, string>();
  for (const { network, bridge, vxlan, engineName } of networks)
    for (const name of [bridge, vxlan, engineName]) names.set(name, `network ${network.name}`);
  return name => names.get(name) ?? name;
}

interface Said {
  readonly device: string;
  /** Which of several; "" where there is only one. */
  readonly entry: string;
  /** "forwarding entry", and what is wrong with it. */
  readonly what: string;
  readonly wrong: string;
}

const amiss = "missing or wrong";
const leftOver = "there, and nothing needs it";

/** What a change that would have to be made says of how things are; undefined for what another change says already. */
function sayingOf(change: LinkChange): Said | undefined {
  switch (change.do) {
    case "set-bridge-mac":
      return { device: change.bridge, entry: "", what: "bridge", wrong: "known to the other nodes by another MAC" };
    case "filter-bridge":
      return { device: change.bridge, entry: "", what: "bridge", wrong: "passing on what the rules do not see" };
    case "set-hairpin":
      return { device: change.bridge, entry: change.port, what: "port", wrong: "no way for a task to itself" };
    case "add-vxlan":
      return {
        device: change.link.name,
        entry: "",
        what: "VXLAN device",
        wrong: `missing, down or set up ${otherwise}`,
      };
    case "remove-vxlan":
      return { device: change.name, entry: "", what: "VXLAN device", wrong: leftOver };
    case "add-address":
      return { device: change.bridge, entry: change.address, what: "virtual address", wrong: "missing" };
    case "remove-address":
      return { device: change.bridge, entry: change.address, what: "virtual address", wrong: leftOver };
    case "set-forwarding":
      return { device: change.device, entry: `${change.mac} to ${change.to}`, what: "forwarding entry", wrong: amiss };
    case "remove-forwarding":
      return { device: change.device, entry: change.mac, what: "forwarding entry", wrong: leftOver };
    case "set-neighbour":
      return { device: change.device, entry: change.address, what: "neighbour entry", wrong: amiss };
    case "remove-neighbour":
      return { device: change.device, entry: change.address, what: "neighbour entry", wrong: leftOver };
    case "set-return":
      return {
        device: change.path.device,
        entry: `by ${change.path.via}`,
        what: "rule or route for replies",
        wrong: amiss,
      };
    case "remove-return":
      return {
        ...{ device: change.path.device, entry: `by ${change.path.via}` },
        ...{ what: "rule or route for replies", wrong: leftOver },
      };
    default:
      return change satisfies never;
  }
}

const otherwise = "other than it ought to be";

function problemOf({ device, what, wrong }: Said, entries: readonly string[]): string {
  const [first = ""] = entries;
  if (first === "") return `${what} ${device} is ${wrong}`;
  if (entries.length === 1) return `${what} ${first} (${device}) is ${wrong}`;
  return `${entries.length} of them: ${what} ${first} (${device}) is ${wrong}`;
}
