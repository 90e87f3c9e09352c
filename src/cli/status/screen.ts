import { table } from "../output.ts";
import type { Problem } from "./problem.ts";
import type { Status } from "./status.ts";

/** Most services that are listed: those that are not up come first. */
const mostServices = 20;

/** A status as one screen of text. */
export function screenOf(status: Status): string {
  const parts = status.managers.total > 0 ? [overview(status), services(status)] : [`swarm     ${status.state}`];
  return [...parts, problems(status.problems)].filter(Boolean).join("\n\n");
}

function overview({ managers, nodes, services: all }: Status): string {
  const leader = managers.leader ? `leader ${managers.leader}` : "no leader";
  const marks = [`${nodes.ready} ready`, ...mark(nodes.drained, "drained"), ...mark(nodes.paused, "paused")];
  const up = all.filter(service => service.up).length;
  return [
    `managers  ${managers.reachable} of ${managers.total} reachable, quorum ${managers.quorum}, ${leader}`,
    `nodes     ${nodes.total}: ${marks.join(", ")}`,
    `services  ${all.length}: ${up} up${up < all.length ? `, ${all.length - up} not` : ""}`,
  ].join("\n");
}

const mark = (count: number, word: string): string[] => (count > 0 ? [`${count} ${word}`] : []);

function services({ services: all }: Status): string {
  if (all.length === 0) return "";
  const rows = all.slice(0, mostServices).map(({ name, replicas, up }) => [name, replicas, up ? "up" : "not up"]);
  const more = all.length > mostServices ? `\n… and ${all.length - mostServices} more: \`shoal service ls\`` : "";
  return table(["SERVICE", "REPLICAS", ""], rows) + more;
}

function problems(all: readonly Problem[]): string {
  if (all.length === 0) return "Nothing is wrong.";
  const lines = all.map(
    ({ severity, subject, reason, next }) => `${severity === "error" ? "✗" : "!"} ${subject}: ${reason}\n  → ${next}`,
  );
  return lines.join("\n");
}
