import { Fault } from "../lib/fault.ts";
import type { RulesContents, RulesPart } from "../ports/net-ops.ts";

interface Table {
  readonly chains: Map<string, string[]>;
  readonly sets: Map<string, Set<string>>;
}

/** nftables as far as commands for whole tables, chains, rules, sets and elements go: each text is one transaction. */
export class NftTables {
  /** Called after each change. */
  onChange = (): void => {};
  #tables = new Map<string, Table>();

  /** Faults internal for what nft would refuse; then nothing has changed. */
  run(commands: string): void {
    const before = this.#tables;
    this.#tables = new Map([...before].map(([name, table]) => [name, copyOf(table)]));
    try {
      for (const line of commands.split("\n")) if (line !== "") this.#runLine(line);
    } catch (error) {
      this.#tables = before;
      throw error;
    }
    this.onChange();
  }

  contents(name: string): RulesContents | undefined {
    const table = this.#tables.get(name);
    if (!table) return undefined;
    const part = (lines: readonly string[]): RulesPart => ({ count: lines.length, digest: lines.join("\n") });
    return {
      chains: new Map([...table.chains].map(([chain, rules]) => [chain, part(rules)])),
      sets: new Map([...table.sets].map(([set, elements]) => [set, part([...elements].sort())])),
    };
  }

  /** The rules of a chain, or undefined. */
  rules(table: string, chain: string): readonly string[] | undefined {
    return this.#tables.get(table)?.chains.get(chain);
  }

  /** The elements of a set or map. */
  elements(table: string, set: string): readonly string[] {
    return [...(this.#tables.get(table)?.sets.get(set) ?? [])];
  }

  #runLine(line: string): void {
    const [, verb = "", kind = "", , name = "", rest = ""] = /^(\w+) (\w+) (inet) (\S+)(?: (.*))?$/.exec(line) ?? [];
    const [object = ""] = rest.split(" ", 1);
    const argument = rest.slice(object.length + 1);
    if (kind === "table") this.#runTable(verb, name, line);
    else runInTable(this.#tables.get(name) ?? refuse(line), `${verb} ${kind}`, object, argument, line);
  }

  #runTable(verb: string, name: string, line: string): void {
    if (verb === "delete") {
      if (!this.#tables.delete(name)) refuse(line);
    } else if (!this.#tables.has(name)) this.#tables.set(name, { chains: new Map(), sets: new Map() });
  }
}

function runInTable(table: Table, operation: string, object: string, argument: string, line: string): void {
  switch (operation) {
    case "add chain":
      if (!table.chains.has(object)) table.chains.set(object, []);
      return;
    case "flush chain":
      (table.chains.get(object) ?? refuse(line)).length = 0;
      return;
    case "delete chain":
      if (isUsed(table, object) || !table.chains.delete(object)) refuse(line);
      return;
    case "add rule":
      (table.chains.get(object) ?? refuse(line)).push(argument);
      return;
    case "add set":
    case "add map":
      if (!table.sets.has(object)) table.sets.set(object, new Set());
      return;
    case "delete set":
      if (!table.sets.delete(object)) refuse(line);
      return;
    case "add element":
      for (const each of listed(argument)) (table.sets.get(object) ?? refuse(line)).add(each);
      return;
    case "delete element":
      for (const each of listed(argument)) removeKey(table.sets.get(object) ?? refuse(line), each, line);
      return;
    default:
      refuse(line);
  }
}

function copyOf({ chains, sets }: Table): Table {
  return {
    chains: new Map([...chains].map(([name, rules]) => [name, [...rules]])),
    sets: new Map([...sets].map(([name, elements]) => [name, new Set(elements)])),
  };
}

function listed(argument: string): string[] {
  return argument.replace(/^\{ | \}$/g, "").split(", ");
}

function removeKey(elements: Set<string>, key: string, line: string): void {
  const found = [...elements].find(each => each.split(" : ", 1)[0] === key);
  if (found === undefined) refuse(line);
  else elements.delete(found);
}

/** nft refuses to take away a chain that something leads to. */
function isUsed({ chains, sets }: Table, chain: string): boolean {
  const leadsThere = (text: string): boolean => new RegExp(`(goto|jump) ${chain}$`).test(text);
  return [...chains.values()].flat().some(leadsThere) || [...sets.values()].some(set => [...set].some(leadsThere));
}

function refuse(line: string): never {
  throw new Fault("internal", `nft: cannot do "${line}"`);
}
