/** What a host's rules do with calls, as nft shows them. */
export interface RulesView {
  /** Virtual address → the addresses that calls go to, sorted. */
  readonly virtual: ReadonlyMap<string, readonly string[]>;
  /** "tcp 8080" → "10.0.0.5 80", sorted; nothing where calls are refused. */
  readonly ports: ReadonlyMap<string, readonly string[]>;
  /** Ports that calls are refused on. */
  readonly idlePorts: readonly string[];
}

/** The parts of `nft -j list ruleset` that are looked at. */
export interface RulesJson {
  readonly nftables?: readonly Entry[];
}

interface Entry {
  readonly map?: {
    readonly name: string;
    readonly elem?: readonly [unknown, { readonly goto?: { readonly target: string } }][];
  };
  readonly set?: { readonly name: string; readonly elem?: readonly unknown[] };
  readonly rule?: { readonly chain: string; readonly expr: readonly { readonly dnat?: unknown }[] };
}

export function rulesView(entries: readonly Entry[]): RulesView {
  const targets = new Map<string, string[]>();
  for (const { rule } of entries)
    for (const { dnat } of rule?.expr ?? [])
      if (rule && dnat) targets.set(rule.chain, [...(targets.get(rule.chain) ?? []), ...pairsIn(dnat)].sort());
  const leads = (name: string): Map<string, string[]> => {
    const elements = entries.find(({ map }) => map?.name === name)?.map?.elem ?? [];
    return new Map(elements.map(([key, verdict]) => [textOf(key), targets.get(verdict.goto?.target ?? "") ?? []]));
  };
  const idle = entries.find(({ set }) => set?.name === "idle_ports")?.set?.elem ?? [];
  return { virtual: leads("virtual4"), ports: leads("ports"), idlePorts: idle.map(textOf).sort() };
}

/** The values of the anonymous map by which a rule deals connections in turn: `{ set: [[0, VALUE], …] }`, somewhere within. */
function pairsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  if ("set" in value && Array.isArray(value.set)) return value.set.map((pair: unknown[]) => textOf(pair[1]));
  return Object.values(value).flatMap(pairsIn);
}

/** "10.0.1.2", 80 or `{ concat: ["tcp", 8080] }`. */
function textOf(key: unknown): string {
  if (typeof key === "object" && key !== null && "concat" in key && Array.isArray(key.concat))
    return key.concat.join(" ");
  return String(key);
}
