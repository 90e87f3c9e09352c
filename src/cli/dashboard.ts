import type { Command } from "commander";
import type { Api } from "./api.ts";
import { CliError } from "./failure.ts";
import { print } from "./output.ts";

interface TokenOptions {
  readonly name: string;
  readonly readOnly?: boolean;
  readonly ttl: string;
}

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `shoal dashboard …`: the way into the page that `shoald --dashboard-addr` serves. */
export function dashboardCommands(program: Command, api: () => Api): void {
  program
    .command("dashboard")
    .description("Let somebody into the dashboard")
    .command("token")
    .description("Print a token to log in with, on any manager's dashboard")
    .option("--name <name>", "who gets it: the audit log says so", "operator")
    .option("--read-only", "it allows to look and nothing else")
    .option("--ttl <duration>", "how long it can be used: 90m, 8h, 7d", "8h")
    .action(async ({ name, readOnly = false, ttl }: TokenOptions) => {
      const body = { Name: name, ReadOnly: readOnly, Seconds: secondsOf(ttl) };
      print((await api().post<{ Token: string }>("/shoal/dashboard/tokens", body)).Token);
    });
}

function secondsOf(ttl: string): number {
  const [, count = "", unit = ""] = /^(\d+)([smhd])$/.exec(ttl) ?? [];
  const size = seconds[unit];
  if (size === undefined) throw new CliError(`Cannot use "${ttl}" as a duration: write 90m, 8h or 7d`);
  return Number(count) * size;
}
