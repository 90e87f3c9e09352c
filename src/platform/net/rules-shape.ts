import type { RulesShape } from "../../ports/net-ops.ts";

/** The parts of `nft -j list table` that are looked at. */
interface RulesJson {
  readonly nftables?: readonly {
    readonly chain?: { readonly name?: string };
    readonly rule?: { readonly chain?: string };
    readonly set?: SetJson;
    readonly map?: SetJson;
  }[];
}

interface SetJson {
  readonly name?: string;
  readonly elem?: readonly unknown[];
}

/** Counts what a table holds. */
export function rulesShape(json: string): RulesShape {
  const chains = new Map<string, number>();
  const sets = new Map<string, number>();
  for (const { chain, rule, set, map } of (JSON.parse(json) as RulesJson).nftables ?? []) {
    if (chain?.name !== undefined) chains.set(chain.name, chains.get(chain.name) ?? 0);
    if (rule?.chain !== undefined) chains.set(rule.chain, (chains.get(rule.chain) ?? 0) + 1);
    const named = set ?? map;
    if (named?.name !== undefined) sets.set(named.name, named.elem?.length ?? 0);
  }
  return { chains, sets };
}
