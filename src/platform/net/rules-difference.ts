import { Fault } from "../../lib/fault.ts";
import { same } from "../../lib/same.ts";
import type { RulesDifference } from "../../ports/net-probes.ts";
import { withInputFile } from "./input-file.ts";
import { runProgram, startProgram, successOf } from "./program.ts";

/** What `nft -j list table` says of one object. */
type Listed = Readonly<Record<string, unknown>>;

/** Name → what is in it, in nft's own words. */
interface Contents {
  readonly chains: ReadonlyMap<string, { readonly hook: unknown; readonly rules: readonly unknown[] }>;
  readonly sets: ReadonlyMap<string, readonly string[]>;
}

const nothing: Contents = { chains: new Map(), sets: new Map() };

/**
 * Compares a table with what `commands` make of it in a network namespace of their own: so both are in nft's own words, whatever
 * its version makes of ours.
 */
export async function differingRules(table: string, commands: string): Promise<RulesDifference[]> {
  const actual = await listed(table);
  const wanted = contentsOf(await made(table, commands));
  return [...differences("chain", actual.chains, wanted.chains), ...differences("set", actual.sets, wanted.sets)];
}

async function listed(table: string): Promise<Contents> {
  const { code, stdout, stderr } = await runProgram("nft", ["-j", "list", "table", "inet", table]);
  if (code === 0) return contentsOf(stdout);
  if (stderr.includes("No such file or directory")) return nothing;
  throw new Fault("internal", `nft list table inet ${table}: ${stderr.trim()}`);
}

async function made(table: string, commands: string): Promise<string> {
  const script = 'nft -f - && nft -j list table inet "$1"';
  const run = await withInputFile(commands, input =>
    startProgram("unshare", ["--net", "sh", "-c", script, "sh", table], input),
  );
  return successOf(run);
}

/** What `nft -j list table` says. */
export function contentsOf(json: string): Contents {
  const chains = new Map<string, { readonly hook: unknown; readonly rules: unknown[] }>();
  const sets = new Map<string, string[]>();
  const { nftables = [] } = JSON.parse(json) as { readonly nftables?: readonly Readonly<Record<string, Listed>>[] };
  for (const { chain, rule, set, map } of nftables) {
    if (chain) {
      const { type, hook, prio } = chain;
      chains.set(String(chain.name), { hook: { type, hook, prio }, rules: [] });
    }
    if (rule) chains.get(String(rule.chain))?.rules.push(rule.expr);
    const named = set ?? map;
    // Its elements have no order.
    if (named) sets.set(String(named.name), ((named.elem ?? []) as unknown[]).map(each => JSON.stringify(each)).sort());
  }
  return { chains, sets };
}

function differences(
  kind: RulesDifference["kind"],
  actual: ReadonlyMap<string, unknown>,
  wanted: ReadonlyMap<string, unknown>,
): RulesDifference[] {
  const names = [...new Set([...actual.keys(), ...wanted.keys()])].sort();
  return names.flatMap((name): RulesDifference[] => {
    if (!actual.has(name)) return [{ kind, name, is: "missing" }];
    if (!wanted.has(name)) return [{ kind, name, is: "not wanted" }];
    return same(actual.get(name), wanted.get(name)) ? [] : [{ kind, name, is: "different" }];
  });
}
