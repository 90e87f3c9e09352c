import { createGroups } from "./create-flags.ts";
import { deployRows } from "./deploy-keys.ts";
import { argumentOf, type FlagRow } from "./row.ts";
import { updateGroups } from "./update-flags.ts";

/** The part of docs/COMPAT.md that says what becomes of each flag and key. */
export function renderFlags(): string[] {
  return [
    "## Flags of `docker service create`",
    "",
    "Each is used by the stock docker CLI 28.2.2, in `test/e2e/service-flags.test.ts`, on a service whose spec (`docker service",
    "inspect`) and container (`docker inspect`, on a Docker Engine 20.10) are looked at. The tests fail when a flag of `--help`",
    "has no row here. What the embedded runtime makes of them is in [EMBEDDED.md](EMBEDDED.md).",
    "",
    ...flagTable(createGroups.flatMap(({ rows }) => rows)),
    "",
    "## Flags of `docker service update`",
    "",
    "The same, in `test/e2e/service-flags-update.test.ts`.",
    "",
    ...flagTable(updateGroups.flatMap(({ rows }) => rows)),
    "",
    "## Keys of `deploy` in a compose v3 file",
    "",
    "One file that has them all, deployed by `docker stack deploy` in `test/e2e/service-flags.test.ts`; the keys are those of the",
    "schema 3.13 that the docker CLI has in it.",
    "",
    "| key | in the service's spec | |",
    "|---|---|---|",
    ...deployRows.map(({ key, spec }) => `| \`${key}\` | \`${spec.at}\` | ✓ |`),
    "",
  ];
}

function flagTable(rows: readonly FlagRow[]): string[] {
  const shown = rows.filter(row => row.spec || row.container || row.output || row.refused);
  const sorted = [...shown].sort((a, b) => (a.flag < b.flag ? -1 : a.flag > b.flag ? 1 : 0));
  return ["| flag | in the spec | in the container | |", "|---|---|---|---|", ...sorted.map(line)];
}

function line(row: FlagRow): string {
  const place = (at: string | undefined): string => (at === undefined ? "" : `\`${at}\``);
  const cells = [`\`${argumentOf(row)}\``, place(row.spec?.at), place(row.container?.at), verdict(row)];
  return `| ${cells.join(" | ")} |`;
}

function verdict({ refused, without, note }: FlagRow): string {
  if (without) return `no effect: ${without}`;
  if (refused) return `refused by the node, in the task's status: \`${refused.source.replaceAll("\\", "")}\``;
  return note ? `✓ ${note}` : "✓";
}
