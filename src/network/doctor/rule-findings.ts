import type { RulesDifference } from "../../ports/net-probes.ts";
import type { Plane } from "../plane-state.ts";
import { error, type Finding } from "./finding.ts";

/** Differences that are named; the others are counted. */
const namedLimit = 5;

/** What is wrong with the node's table in nftables, as one finding. */
export function ruleFindings(table: string, differences: readonly RulesDifference[], plane: Plane): Finding[] {
  if (differences.length === 0) return [];
  if (differences.every(({ is }) => is === "missing"))
    return [error("rules", `the nftables table ${table} is missing`)];
  const named = differences.slice(0, namedLimit).map(({ kind, name, is }) => `${partName(kind, name, plane)} is ${is}`);
  const more = differences.length > namedLimit ? `, and ${differences.length - namedLimit} more` : "";
  return [error("rules", `in the nftables table ${table}, ${named.join(", ")}${more}`)];
}

/** What a chain or set is for, where it belongs to somebody. */
function partName(kind: RulesDifference["kind"], name: string, { services }: Plane): string {
  const [, protocol, port] = /^port_(\w+)_(\d+)$/.exec(name) ?? [];
  if (port !== undefined) return `published port ${port}/${protocol}`;
  const [, serviceId = ""] = /^(?:vip|to|from)[46]_([^_]+)/.exec(name) ?? [];
  const service = services.get(serviceId)?.name;
  if (service !== undefined) return `${kind} ${name.split("_", 1)[0]} of service ${service}`;
  return `${kind} ${name}`;
}

/** Kernel settings that are not what the data plane rests on. */
export function settingFindings(actual: ReadonlyMap<string, string>, wanted: ReadonlyMap<string, string>): Finding[] {
  return [...wanted].flatMap(([path, value]) => {
    const is = actual.get(path);
    if (is === value) return [];
    const problem = is === undefined ? "is not there" : `is ${is}`;
    return [error("kernel", `${path} ${problem}, and must be ${value}`)];
  });
}
