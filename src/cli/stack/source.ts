import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { type Project, readProject } from "../../compose/project.ts";
import { isStackName, Namespace } from "../../compose/stack/namespace.ts";
import { placeText } from "../../compose/tree.ts";
import { diskFiles } from "../disk-files.ts";
import { CliError } from "../failure.ts";
import { warn } from "../output.ts";

/** Names that Compose looks for, in this order, and what may lie beside each. */
const usualNames = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
const overrides = [
  "compose.override.yaml",
  "compose.override.yml",
  "docker-compose.override.yaml",
  "docker-compose.override.yml",
];

export interface SourceOptions {
  readonly composeFile?: readonly string[];
  readonly envFile?: readonly string[];
  readonly profile?: readonly string[];
  readonly skipInterpolation?: boolean;
}

/** The project that the command line names, or the one in the directory where it runs. Tells of what is left out. */
export function projectFrom(options: SourceOptions, stack: string | undefined): Project {
  const paths = options.composeFile ?? pathsFromEnvironment() ?? usualPaths(process.cwd());
  return readProject({
    paths,
    envFiles: options.envFile,
    profiles: options.profile,
    directory: process.cwd(),
    home: homedir(),
    files: diskFiles,
    environment: name => (name === "COMPOSE_PROJECT_NAME" && stack ? stack : process.env[name]),
    notice: ({ place, text }) => warn(`${placeText(place)}: ${text}`),
    verbatim: options.skipInterpolation ?? false,
  });
}

/** The stack that is meant: as it was said, as the variable or the file says, else as the directory is called. */
export function namespaceFor(stack: string | undefined, project: Project): Namespace {
  const name = stack ?? project.lookup("COMPOSE_PROJECT_NAME") ?? project.name ?? basename(process.cwd()).toLowerCase();
  if (!isStackName(name))
    throw new CliError(`Cannot use "${name}" as a stack's name: letters, digits, "_", "." and "-"`);
  return new Namespace(name);
}

function pathsFromEnvironment(): string[] | undefined {
  const { COMPOSE_FILE, COMPOSE_PATH_SEPARATOR = ":" } = process.env;
  return COMPOSE_FILE?.split(COMPOSE_PATH_SEPARATOR);
}

function usualPaths(directory: string): string[] {
  const there = (names: readonly string[]): string[] =>
    names.filter(name => existsSync(join(directory, name))).slice(0, 1);
  const main = there(usualNames);
  if (main.length === 0)
    throw new CliError(`There is no ${usualNames[0]} here: name the file with -c FILE, or "-" for the standard input`);
  return [...main, ...there(overrides)];
}
