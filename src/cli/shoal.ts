import { Command } from "commander";
import { Api, ApiError } from "./api.ts";
import { nodeCommands } from "./node.ts";
import { serviceCommands } from "./service.ts";
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
serviceCommands(program, api);
systemCommands(program, api);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  process.stderr.write(`Error response from daemon: ${error.message}\n`);
  process.exitCode = 1;
}
