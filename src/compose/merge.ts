import { type Dict, mapEntries, member, type Tree, textOf } from "./tree.ts";

/** What a later file says instead of an earlier one, and not besides it. Paths with `*` for any name. */
const replaced = new Set([
  "services/*/command",
  "services/*/entrypoint",
  "services/*/healthcheck/test",
  "services/*/ulimits/*",
  "services/*/extends",
]);

/** Lists in which a later item takes the place of an earlier one that is of the same thing: what that is. */
const identified: Readonly<Record<string, (item: Tree) => string>> = {
  "services/*/ports": item => ["host_ip", "target", "published", "protocol"].map(key => scalarAt(item, key)).join(" "),
  "services/*/volumes": item => scalarAt(item, "target"),
  "services/*/secrets": item => scalarAt(item, "target") || scalarAt(item, "source"),
  "services/*/configs": item => scalarAt(item, "target") || scalarAt(item, "source"),
  "services/*/env_file": item => scalarAt(item, "path"),
  "services/*/cap_add": itself,
  "services/*/cap_drop": itself,
  "services/*/dns": itself,
  "services/*/dns_search": itself,
  "services/*/dns_opt": itself,
  "services/*/expose": itself,
  "services/*/tmpfs": itself,
  "services/*/extra_hosts": itself,
  "services/*/group_add": itself,
  "services/*/profiles": itself,
};

/**
 * Two normal Compose files as one, the second over the first, as the specification's "Merge" says: maps by key, lists one
 * after the other, but for commands, which are replaced, and lists of things of which there can be one.
 */
export function merge(first: Tree, second: Tree): Tree {
  return mergeAt(first, second, []);
}

/** The same for one service. */
export function mergeService(first: Tree, second: Tree): Tree {
  return mergeAt(first, second, ["services", "*"]);
}

function mergeAt(first: Tree, second: Tree, path: readonly string[]): Tree {
  const place = path.join("/");
  if (second.mark || first.mark === "reset" || replaced.has(place)) return second;
  if (second.kind === "leaf" && second.value === null && first.kind !== "leaf") return first;
  if (place === "services/*/logging" && !sameDriver(first, second)) return second;
  if (first.kind === "dict" && second.kind === "dict") return mergeDicts(first, second, path);
  if (first.kind !== "list" || second.kind !== "list") return second;
  const identity = identified[place];
  if (!identity) return { ...second, items: [...first.items, ...second.items] };
  const items = new Map<string, Tree>();
  for (const item of [...first.items, ...second.items]) {
    const key = identity(item);
    const before = items.get(key);
    items.set(key, before ? mergeAt(before, item, [...path, "*"]) : item);
  }
  return { ...second, items: [...items.values()] };
}

function mergeDicts(first: Dict, second: Dict, path: readonly string[]): Dict {
  const entries = new Map(first.entries);
  // Names of services are whatever they are; below, every name is the specification's.
  for (const [key, value] of second.entries) {
    const before = entries.get(key);
    const step = path.length === 1 || path.at(-1) === "ulimits" ? "*" : key;
    entries.set(key, before ? mergeAt(before, value, [...path, step]) : value);
  }
  return { ...second, entries };
}

/** Options of a log driver make no sense to another one. */
function sameDriver(first: Tree, second: Tree): boolean {
  const [one, other] = [textOf(member(first, "driver")), textOf(member(second, "driver"))];
  return one === undefined || other === undefined || one === other;
}

/** What `!reset` marks is as if never said; what `!override` marks has done its work. */
export function withoutMarks(tree: Tree): Tree | undefined {
  if (tree.mark === "reset") return undefined;
  const { mark: _, ...bare } = tree;
  if (bare.kind === "dict") return mapEntries(bare, withoutMarks);
  if (bare.kind === "list") return { ...bare, items: bare.items.flatMap(item => withoutMarks(item) ?? []) };
  return bare;
}

function scalarAt(item: Tree, key: string): string {
  const value = member(item, key);
  return value?.kind === "leaf" && value.value !== null ? String(value.value) : "";
}

function itself(item: Tree): string {
  return item.kind === "leaf" ? String(item.value) : "";
}
