import { createHash } from "node:crypto";
import type { RulesContents, RulesPart } from "../../ports/net-ops.ts";
import { contentsOf } from "./rules-difference.ts";

/** What `nft -j list table` says a table holds, each part shortened to what tells it from another. */
export function rulesContents(json: string): RulesContents {
  const { chains, sets } = contentsOf(json);
  return {
    chains: new Map([...chains].map(([name, chain]) => [name, partOf(chain, chain.rules.length)])),
    sets: new Map([...sets].map(([name, elements]) => [name, partOf(elements, elements.length)])),
  };
}

function partOf(content: unknown, count: number): RulesPart {
  return { count, digest: createHash("sha256").update(JSON.stringify(content)).digest("base64") };
}
