import type { Command } from "commander";
import type { Api } from "../api.ts";
import { print, printJson } from "../output.ts";
import { factsOf } from "./facts.ts";
import { screenOf } from "./screen.ts";
import { statusOf } from "./status.ts";

/** `shoal status`: exit status 1 when something is wrong, for scripts. */
export function statusCommand(program: Command, api: () => Api): void {
  program
    .command("status")
    .description("The swarm on one screen: managers, nodes, services, what is wrong, why, and what to do")
    .option("--json", "the same as JSON")
    .action(async ({ json }: { json?: boolean }) => {
      const status = statusOf(await factsOf(api()), Date.now());
      if (json) printJson(status);
      else print(screenOf(status));
      if (status.problems.some(({ severity }) => severity === "error")) process.exitCode = 1;
    });
}
