import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Fault } from "../../lib/fault.ts";

/** What a task runs when its spec names no command of its own, as an image's configuration says it for a container. */
export interface Image {
  /** As lists show it: `shoal/whoami:latest`, `dir:/srv/app`. */
  readonly name: string;
  readonly entrypoint: readonly string[];
  /** Arguments used when the task has none. */
  readonly args: readonly string[];
  /** The directory that holds the program; undefined for the built-in images. */
  readonly directory: string | undefined;
  readonly description: string;
}

/** Small heap and few threads: a swarm on one machine runs dozens of these. */
const lightNodeFlags = ["--max-old-space-size=32", "--max-semi-space-size=1", "--v8-pool-size=0"];

const whoami: Image = {
  name: "shoal/whoami:latest",
  entrypoint: nodeProgram("./whoami"),
  args: [],
  directory: undefined,
  description: "an HTTP server that says who and where it is",
};
const idle: Image = {
  name: "shoal/sleep:latest",
  entrypoint: ["sleep"],
  args: ["infinity"],
  directory: undefined,
  description: "the system's sleep",
};
const job: Image = {
  name: "shoal/job:latest",
  entrypoint: [],
  args: [],
  directory: undefined,
  description: "runs its arguments and exits with their status",
};

/** Every image that is there without anything being installed. */
export const builtInImages: readonly Image[] = [whoami, idle, job];

/** The command line for a module beside this one, compiled or (in development) straight from its source. */
function nodeProgram(module: string): string[] {
  const source = import.meta.url.endsWith(".ts");
  const loader = source ? ["--import", createRequire(import.meta.url).resolve("tsx")] : [];
  const file = fileURLToPath(new URL(`${module}.${source ? "ts" : "js"}`, import.meta.url));
  return [process.execPath, ...lightNodeFlags, ...loader, file];
}

/**
 * The image a reference names: a built-in one, with any tag or digest and with or without `docker.io/`, or
 * `dir:/absolute/path`. Faults: not_found with Docker's text for anything else, invalid_argument for a relative path.
 */
export function findImage(reference: string): Image {
  if (reference.startsWith("dir:")) return directoryImage(reference.slice("dir:".length));
  const name = repositoryOf(reference);
  const image = builtInImages.find(candidate => repositoryOf(candidate.name) === name);
  if (!image) throw new Fault("not_found", `No such image: ${withTag(reference)}`);
  return image;
}

function directoryImage(path: string): Image {
  if (!path.startsWith("/"))
    throw new Fault("invalid_argument", `Cannot run image "dir:${path}": the path is not absolute`);
  return {
    name: `dir:${path}`,
    entrypoint: ["./run"],
    args: [],
    directory: path,
    description: "a directory with a program",
  };
}

/** The reference without registry, tag and digest. */
function repositoryOf(reference: string): string {
  const path = reference.replace(/^(docker\.io|index\.docker\.io)\//, "").replace(/@.*$/, "");
  return path.replace(/:[^/:]*$/, "");
}

/** As Docker's error texts print a reference: `:latest` where it has neither tag nor digest. */
function withTag(reference: string): string {
  return reference.includes("@") || /:[^/:]*$/.test(reference) ? reference : `${reference}:latest`;
}

/**
 * The command line of a task: its own command replaces the image's entrypoint and default arguments, its own arguments
 * replace the default arguments alone, as for a container. Faults invalid_argument when nothing is left to run.
 */
export function commandLine(image: Image, command: readonly string[], args: readonly string[]): string[] {
  const line =
    command.length > 0 ? [...command, ...args] : [...image.entrypoint, ...(args.length > 0 ? args : image.args)];
  if (line.length === 0) throw new Fault("invalid_argument", "No command specified");
  return line;
}
