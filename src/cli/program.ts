import { Command } from "commander";
import { Api } from "./api.ts";
import { completionCommand } from "./completion.ts";
import { dashboardCommands } from "./dashboard.ts";
import { fileCommands } from "./file-commands.ts";
import { managerCommands } from "./manager.ts";
import { netCommands } from "./net/commands.ts";
import { networkCommands } from "./network.ts";
import { nodeCommands } from "./node.ts";
import { serviceCommands } from "./service/commands.ts";
import { stackCommands } from "./stack/commands.ts";
import { statusCommand } from "./status/commands.ts";
import { swarmCommands } from "./swarm.ts";
import { withSwitches } from "./switches.ts";
import { systemCommands } from "./system.ts";

const defaultHost = "unix:///run/shoal/shoal.sock";

/** The whole command, to be given its arguments. */
export function newProgram(): Command {
  const program = new Command("shoal")
    .description("Drives a Shoal daemon, in docker's own grammar, for machines without a docker CLI.")
    .option("-H, --host <url>", "the daemon: unix://PATH or tcp://HOST:PORT (default: $SHOAL_HOST, else its socket)")
    .enablePositionalOptions()
    .showHelpAfterError("See --help for what there is.");

  const api = (): Api => new Api(program.opts<{ host?: string }>().host ?? process.env.SHOAL_HOST ?? defaultHost);

  statusCommand(program, api);
  swarmCommands(program, api);
  nodeCommands(program, api);
  managerCommands(program, api);
  dashboardCommands(program, api);
  serviceCommands(program, api);
  stackCommands(program, api);
  fileCommands(program, "secret", api);
  fileCommands(program, "config", api);
  networkCommands(program, api);
  netCommands(program, api);
  systemCommands(program, api);
  completionCommand(program);
  withSwitches(program);
  return program;
}
