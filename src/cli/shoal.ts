import { Command } from "commander";
import { Api } from "./api.ts";
import { dashboardCommands } from "./dashboard.ts";
import { report } from "./failure.ts";
import { managerCommands } from "./manager.ts";
import { nodeCommands } from "./node.ts";
import { serviceCommands } from "./service/commands.ts";
import { stackCommands } from "./stack/commands.ts";
import { swarmCommands } from "./swarm.ts";
import { systemCommands } from "./system.ts";

const defaultHost = "unix:///run/shoal/shoal.sock";

const program = new Command("shoal")
  .description("Drives a Shoal daemon, in docker's own grammar, for machines without a docker CLI.")
  .option("-H, --host <url>", "the daemon: unix://PATH or tcp://HOST:PORT (default: $SHOAL_HOST, else its socket)")
  .enablePositionalOptions()
  .showHelpAfterError();

const api = (): Api => new Api(program.opts<{ host?: string }>().host ?? process.env.SHOAL_HOST ?? defaultHost);

swarmCommands(program, api);
nodeCommands(program, api);
managerCommands(program, api);
dashboardCommands(program, api);
serviceCommands(program, api);
stackCommands(program, api);
systemCommands(program, api);

// Whoever reads this may have seen enough: `shoal events | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  await program.parseAsync();
} catch (error) {
  report(error);
}
