import type { NamedSet, Ruleset } from "./ruleset.ts";

/** Elements in one command, so that no line grows without bounds. */
const elementsPerLine = 200;

/** nftables' commands that put the table in place of whatever is there under its name, in one transaction. */
export function wholeTable(ruleset: Ruleset): string {
  const { table, chains, sets } = ruleset;
  return text([
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `add table inet ${table}`,
    ...[...chains].map(([name, chain]) => addChain(table, name, chain.hook)),
    ...[...sets].flatMap(([name, set]) => [addSet(table, name, set), ...elements("add", table, name, set.elements)]),
    ...[...chains].flatMap(([name, { rules }]) => rules.map(rule => `add rule inet ${table} ${name} ${rule}`)),
  ]);
}

/**
 * The commands that lead from one state of the table to another; "" when there is nothing to do. What is new comes first,
 * then what refers to it, then what nothing refers to any more is taken away.
 */
export function tableChange(before: Ruleset, after: Ruleset): string {
  const { table } = after;
  const lines: string[] = [];
  for (const [name, { hook }] of after.chains) if (!before.chains.has(name)) lines.push(addChain(table, name, hook));
  for (const [name, set] of after.sets) if (!before.sets.has(name)) lines.push(addSet(table, name, set));
  lines.push(...setChanges(before, after));
  for (const [name, { rules }] of after.chains) {
    const old = before.chains.get(name)?.rules ?? [];
    if (sameLines(old, rules)) continue;
    if (old.length > 0) lines.push(`flush chain inet ${table} ${name}`);
    lines.push(...rules.map(rule => `add rule inet ${table} ${name} ${rule}`));
  }
  const goneChains = [...before.chains.keys()].filter(name => !after.chains.has(name));
  lines.push(...goneChains.map(name => `flush chain inet ${table} ${name}`));
  lines.push(...goneChains.map(name => `delete chain inet ${table} ${name}`));
  for (const name of before.sets.keys()) if (!after.sets.has(name)) lines.push(`delete set inet ${table} ${name}`);
  return text(lines);
}

/** Takes the whole table away, whether it is there or not. */
export function noTable(table: string): string {
  return text([`add table inet ${table}`, `delete table inet ${table}`]);
}

function setChanges(before: Ruleset, after: Ruleset): string[] {
  return [...after.sets].flatMap(([name, set]) => {
    const { elements: there = [] } = before.sets.get(name) ?? {};
    if (sameLines(there, set.elements)) return [];
    const old = new Set(there);
    const now = new Set(set.elements);
    const gone = there.filter(element => !now.has(element)).map(keyOf);
    const added = set.elements.filter(element => !old.has(element));
    // An element that only leads elsewhere now is taken away and added again in the same transaction.
    return [...elements("delete", after.table, name, gone), ...elements("add", after.table, name, added)];
  });
}

/** An element of a map is named by its key alone. */
function keyOf(element: string): string {
  return element.split(" : ", 1)[0] ?? "";
}

function addChain(table: string, name: string, hook: string | undefined): string {
  return `add chain inet ${table} ${name}${hook === undefined ? "" : ` { ${hook}; }`}`;
}

function addSet(table: string, name: string, { kind, type, isInterval }: NamedSet): string {
  return `add ${kind} inet ${table} ${name} { type ${type};${isInterval ? " flags interval;" : ""} }`;
}

function elements(verb: "add" | "delete", table: string, name: string, all: readonly string[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < all.length; at += elementsPerLine)
    lines.push(`${verb} element inet ${table} ${name} { ${all.slice(at, at + elementsPerLine).join(", ")} }`);
  return lines;
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((line, at) => line === b[at]));
}

function text(lines: readonly string[]): string {
  return lines.map(line => `${line}\n`).join("");
}
