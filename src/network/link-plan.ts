import { same } from "../lib/same.ts";
import type { LinkChange, Links } from "../ports/net-ops.ts";

type Tables = Links["forwarding"];

/** Two lists of changes: those that add or correct, to be made before the rules change, and those that take away, after. */
export interface LinkPlan {
  readonly before: readonly LinkChange[];
  readonly after: readonly LinkChange[];
}

/** What leads from what there is to what is wanted. Bridges come and go with the engine's networks. */
export function linkPlan(found: Links, wanted: Links): LinkPlan {
  const made = vxlansToMake(found, wanted);
  // With a device go its tables.
  const remade = made.flatMap(change => (change.do === "remove-vxlan" ? [change.name] : []));
  const actual = {
    ...found,
    forwarding: without(found.forwarding, remade),
    neighbours: without(found.neighbours, remade),
  };
  return {
    before: [
      ...made,
      ...bridgeSettings(actual, wanted),
      ...tableEntries(actual.forwarding, wanted.forwarding, setForwarding),
      ...tableEntries(actual.neighbours, wanted.neighbours, setNeighbour),
      ...[...wanted.returns]
        .filter(([key, path]) => !same(actual.returns.get(key), path))
        .map(([, path]) => ({ do: "set-return", path }) as const),
    ],
    after: [
      ...[...actual.returns]
        .filter(([key]) => !wanted.returns.has(key))
        .map(([, path]) => ({ do: "remove-return", path, isLast: !hasReturns(wanted, path.family) }) as const),
      ...tableEntries(wanted.neighbours, actual.neighbours, removeNeighbour, isAbsent),
      ...tableEntries(wanted.forwarding, actual.forwarding, removeForwarding, isAbsent),
      ...addressesToRemove(actual, wanted),
      ...[...actual.vxlans.keys()]
        .filter(name => !wanted.vxlans.has(name))
        .map(name => ({ do: "remove-vxlan", name }) as const),
    ],
  };
}

function hasReturns({ returns }: Links, family: 4 | 6): boolean {
  return [...returns.values()].some(path => path.family === family);
}

function without(tables: Tables, devices: readonly string[]): Tables {
  return new Map([...tables].filter(([device]) => !devices.includes(device)));
}

function vxlansToMake(actual: Links, wanted: Links): LinkChange[] {
  return [...wanted.vxlans.values()].flatMap((link): LinkChange[] => {
    const there = actual.vxlans.get(link.name);
    if (same(there, link)) return [];
    const remove: LinkChange[] = there ? [{ do: "remove-vxlan", name: link.name }] : [];
    return [...remove, { do: "add-vxlan", link }];
  });
}

function bridgeSettings(actual: Links, wanted: Links): LinkChange[] {
  return [...wanted.bridges.values()].flatMap(link => {
    const { name: bridge, mac, addresses, isFiltered } = link;
    const there = actual.bridges.get(bridge);
    if (there === link) return [];
    const changes: LinkChange[] = there?.mac === mac ? [] : [{ do: "set-bridge-mac", bridge, mac }];
    // One that needs it no more goes without being told.
    if (isFiltered && !there?.isFiltered) changes.push({ do: "filter-bridge", bridge });
    for (const port of there?.withoutHairpin ?? []) changes.push({ do: "set-hairpin", bridge, port });
    for (const address of addresses)
      if (!there?.addresses.has(address)) changes.push({ do: "add-address", bridge, address });
    return changes;
  });
}

function addressesToRemove(actual: Links, wanted: Links): LinkChange[] {
  return [...actual.bridges.values()].flatMap(({ name: bridge, addresses }) => {
    const keep = wanted.bridges.get(bridge)?.addresses;
    // A bridge that is not wanted goes as a whole.
    if (!keep || keep === addresses) return [];
    return [...addresses]
      .filter(address => !keep.has(address))
      .map(address => ({ do: "remove-address", bridge, address }) as const);
  });
}

const setForwarding = (device: string, mac: string, to: string): LinkChange => ({
  do: "set-forwarding",
  ...{ device, mac, to },
});
const removeForwarding = (device: string, mac: string, to: string): LinkChange => ({
  do: "remove-forwarding",
  ...{ device, mac, to },
});
const setNeighbour = (device: string, address: string, mac: string): LinkChange => ({
  do: "set-neighbour",
  ...{ device, address, mac },
});
const removeNeighbour = (device: string, address: string): LinkChange => ({
  do: "remove-neighbour",
  ...{ device, address },
});

const isOther = (there: string | undefined, value: string): boolean => there !== value;
const isAbsent = (there: string | undefined): boolean => there === undefined;

/** One change for each entry of `right` that compares so with `left`. Tables of devices that go, go with them. */
function tableEntries(
  left: Tables,
  right: Tables,
  change: (device: string, key: string, value: string) => LinkChange,
  compares: (there: string | undefined, value: string) => boolean = isOther,
): LinkChange[] {
  const changes: LinkChange[] = [];
  for (const [device, entries] of right) {
    const others = left.get(device);
    if (others === entries || (!others && compares === isAbsent)) continue;
    for (const [key, value] of entries) if (compares(others?.get(key), value)) changes.push(change(device, key, value));
  }
  return changes;
}
