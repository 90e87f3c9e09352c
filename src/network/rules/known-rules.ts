import { same } from "../../lib/same.ts";
import type { RulesContents, RulesPart } from "../../ports/net-ops.ts";
import type { Ruleset } from "./ruleset.ts";

/** Parts of a table that is listed in a few milliseconds. */
const smallTableParts = 200;

/** What nft makes of a part of the table, by its kind and name. */
type Digests = ReadonlyMap<string, string>;

/**
 * The node's table as it was written. nft shows rules in words of its own, which are not known beforehand: so a part counts as it
 * was written when it is seen for the first time with as many rules or elements, and from then on it is to stay what it was.
 */
export class KnownRules {
  readonly ruleset: Ruleset;
  #seen: Digests;

  private constructor(ruleset: Ruleset, seen: Digests) {
    this.ruleset = ruleset;
    this.#seen = seen;
  }

  /** After the table was written; `before`: what it was when only what differs was written. */
  static written(ruleset: Ruleset, before?: KnownRules): KnownRules {
    if (!before) return new KnownRules(ruleset, new Map());
    const [old, now] = [partsOf(before.ruleset), partsOf(ruleset)];
    const isUnchanged = ([part]: [string, string]): boolean => same(old.get(part), now.get(part));
    return new KnownRules(ruleset, new Map([...before.#seen].filter(isUnchanged)));
  }

  /** Whether some of it has not been seen since it was written, in a table small enough to be looked at each time. */
  get isWorthALook(): boolean {
    const { chains, sets } = this.ruleset;
    const parts = chains.size + sets.size;
    return this.#seen.size < parts && parts <= smallTableParts;
  }

  /** Whether the table is still as it was written, judged by what it holds now; undefined for no table. */
  agrees(contents: RulesContents | undefined): boolean {
    if (!contents) return false;
    const wanted = partsOf(this.ruleset);
    const actual = [...named("chain", contents.chains), ...named("set", contents.sets)];
    const isRight = ([part, { count, digest }]: [string, RulesPart]): boolean =>
      wanted.get(part)?.length === count && (this.#seen.get(part) ?? digest) === digest;
    if (actual.length !== wanted.size || !actual.every(isRight)) return false;
    this.#seen = new Map(actual.map(([part, { digest }]) => [part, digest]));
    return true;
  }
}

/** Each part's rules or elements. */
function partsOf({ chains, sets }: Ruleset): Map<string, readonly string[]> {
  return new Map([
    ...named("chain", chains).map(([part, { rules }]) => [part, rules] as const),
    ...named("set", sets).map(([part, { elements }]) => [part, elements] as const),
  ]);
}

function named<T>(kind: "chain" | "set", parts: ReadonlyMap<string, T>): [string, T][] {
  return [...parts].map(([name, part]) => [`${kind} ${name}`, part]);
}
