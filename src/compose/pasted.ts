import { resolve } from "node:path";
import { type Project, readProject } from "./project.ts";
import { ProjectError } from "./project-error.ts";
import type { Notice } from "./tree.ts";

/** Where a file would be that has no place: no path of a Compose file leads here by itself. */
const nowhere = "/.pasted";
const variablesFile = resolve(nowhere, ".env");

export interface Pasted {
  /** The Compose file. */
  readonly text: string;
  /** Its variables, as an env file has them. */
  readonly variables: string;
  readonly stack: string;
  readonly notice: (notice: Notice) => void;
}

/**
 * Reads a Compose file that is only a text: nothing beside it can be read, so that what refers to other files, or to paths that
 * lead from it, is a ProjectError that says what to do instead.
 */
export function readPasted({ text, variables, stack, notice }: Pasted): Project {
  const project = readProject({
    paths: ["-"],
    directory: nowhere,
    home: `${nowhere}/~`,
    files: pastedFiles({ text, variables }),
    environment: name => (name === "COMPOSE_PROJECT_NAME" ? stack : undefined),
    notice,
  });
  for (const [name, { volumes = [] }] of Object.entries(project.services))
    for (const { type, source = "" } of volumes)
      if (type === "bind" && source.startsWith(nowhere))
        throw new ProjectError(
          `services.${name}.volumes: ${shown(source)} leads from where the file is, and a pasted one is nowhere: name the whole path on the nodes, or use a volume`,
        );
  return project;
}

/** The files that a pasted project has: itself, and the variables that came with it. */
export function pastedFiles({ text, variables }: Pick<Pasted, "text" | "variables">) {
  return {
    read(path: string): Buffer {
      if (path === "-") return Buffer.from(text);
      if (path === variablesFile) return Buffer.from(variables);
      throw new ProjectError(
        `the file ${shown(path)} cannot be read with a pasted Compose file: put what it says into the file itself, or use \`shoal stack deploy\``,
      );
    },
  };
}

/** As it was written, more or less. */
function shown(path: string): string {
  return `"${path.startsWith(`${nowhere}/~`) ? path.slice(nowhere.length + 1) : path.replace(`${nowhere}/`, "./")}"`;
}
