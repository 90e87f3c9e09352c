import { accessSync, constants } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { binaries } from "./daemon.ts";

/** What the user is told once everything runs. */
export interface HintFacts {
  readonly socket: string;
  readonly urls: readonly string[];
  /** Of the dashboard, with a token to log in. */
  readonly dashboard: string;
  readonly logs: string;
  /** A service that takes any number of tasks. */
  readonly scalable: string;
  /** How to call the command line client: "docker", or a path to ours. */
  readonly client: string;
}

export function hints({ socket, urls, dashboard, logs, scalable, client }: HintFacts): string[] {
  const call = `${client} -H unix://${socket}`;
  return [
    "",
    `Everything runs. The service "web" answers at ${urls.slice(0, 3).join(", ")}${urls.length > 3 ? ", …" : ""}`,
    "",
    `Look at it: ${dashboard}`,
    "",
    "Try, in another terminal:",
    "",
    `  curl ${urls[0]}`,
    `  ${call} node ls`,
    `  ${call} service ls`,
    `  ${call} service ps web`,
    `  ${call} service scale ${scalable}=10`,
    `  ${call} service logs ticker`,
    `  ${call} node update --availability drain worker1`,
    `  ${call} node demote manager3`,
    "",
    `The nodes' logs are in ${logs}. Ctrl-C stops everything and leaves nothing behind.`,
    "",
  ];
}

/** The docker CLI where there is one, else the project's own client. */
export function findClient(path: string): string {
  return isThere(path, "docker") ? "docker" : relative(process.cwd(), join(binaries, "shoal"));
}

function isThere(path: string, program: string): boolean {
  return path.split(delimiter).some(directory => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return directory !== "";
    } catch {
      return false;
    }
  });
}
