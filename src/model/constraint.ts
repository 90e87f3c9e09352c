import { Fault } from "../lib/fault.ts";
import { contains, parseCidr, parseIp } from "../lib/ip.ts";
import { NodeRole } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Node } from "./objects.ts";

/** One placement constraint, `key==value` or `key!=value`. */
export interface Constraint {
  readonly key: string;
  readonly operator: "==" | "!=";
  readonly value: string;
}

/** In the order in which they are looked for. */
const operators = ["==", "!="] as const;
const keyPattern = /^[a-z_][a-z0-9\-_.]+$/i;
/** Characters that are, or may become, operators are left out. */
const valuePattern = /^[a-z0-9:\-_\s.*()?+[\]\\^$|/]+$/i;

const nodeLabels = "node.labels.";
const engineLabels = "engine.labels.";

/** Reads constraints as SwarmKit does. Fault unknown, with SwarmKit's text, for the first that is wrong. */
export function parseConstraints(expressions: readonly string[]): Constraint[] {
  return expressions.map(parseConstraint);
}

function parseConstraint(expression: string): Constraint {
  const operator = operators.find(candidate => expression.includes(candidate));
  if (!operator) throw new Fault("unknown", `constraint expected one operator from ${operators.join(", ")}`);
  const at = expression.indexOf(operator);
  const key = expression.slice(0, at).trim();
  if (!keyPattern.test(key)) throw new Fault("unknown", `key '${key}' is invalid`);
  const value = expression.slice(at + operator.length).trim();
  if (!valuePattern.test(value)) throw new Fault("unknown", `value '${value}' is invalid`);
  return { key, operator, value };
}

/** Whether the node meets all constraints; with a key that nobody knows, none does. */
export function meetsConstraints(node: Node, constraints: readonly Constraint[]): boolean {
  return constraints.every(constraint => meetsConstraint(node, constraint));
}

/**
 * Whether the node meets the constraint. Keys and values are compared without regard to case; only the name of a label
 * counts its case. What a node does not have is the empty string: `!=` is met, `==` is not.
 */
export function meetsConstraint(node: Node, constraint: Constraint): boolean {
  if (constraint.key.toLowerCase() === "node.ip") return meetsAddress(node.status.addr, constraint);
  const actual = actualValue(node, constraint.key);
  if (actual === undefined) return false;
  return (actual.toLowerCase() === constraint.value.toLowerCase()) === (constraint.operator === "==");
}

/** The node's value for a key; undefined for keys that do not exist. */
function actualValue(node: Node, key: string): string | undefined {
  const lower = key.toLowerCase();
  switch (lower) {
    case "node.id":
      return node.id;
    case "node.hostname":
      return node.description?.hostname ?? "";
    case "node.role":
      return NodeRole[node.role];
    case "node.platform.os":
      return node.description?.platform?.os ?? "";
    case "node.platform.arch":
      return node.description?.platform?.architecture ?? "";
  }
  if (lower.startsWith(nodeLabels)) return labelOf(node.spec.annotations.labels, key.slice(nodeLabels.length));
  if (lower.startsWith(engineLabels))
    return labelOf(node.description?.engine?.labels ?? {}, key.slice(engineLabels.length));
  return undefined;
}

function labelOf(labels: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? "") : "";
}

/** `node.ip` takes an address or a network. */
function meetsAddress(address: string, { value, operator }: Constraint): boolean {
  const ip = parseIp(address);
  const wanted = parseIp(value);
  if (wanted) {
    const equal = ip?.family === wanted.family && ip.value === wanted.value;
    return equal === (operator === "==");
  }
  const network = parseCidr(value);
  if (!network) return false;
  return (ip !== undefined && contains(network, ip)) === (operator === "==");
}
