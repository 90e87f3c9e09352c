import { type Project, type ProjectSource, readProject } from "./project.ts";

interface Options extends Partial<Omit<ProjectSource, "files" | "environment" | "notice">> {
  readonly variables?: Readonly<Record<string, string>>;
  readonly notices?: string[];
}

/** Reads `/p/compose.yaml`, and what else there is, from memory. */
export function projectOf(files: string | Readonly<Record<string, string>>, options: Options = {}): Project {
  const all = typeof files === "string" ? { "/p/compose.yaml": files } : files;
  const { variables = {}, notices = [], ...rest } = options;
  return readProject({
    paths: ["compose.yaml"],
    directory: "/p",
    home: "/home/me",
    files: { read: path => (all[path] === undefined ? undefined : Buffer.from(all[path])) },
    environment: name => variables[name],
    notice: ({ place, text }) => notices.push(`${place.file}:${place.line}: ${text}`),
    ...rest,
  });
}

/** One service `web` with these members, as YAML flow or indented lines. */
export function service(members: string): string {
  return `services:\n  web:\n    image: nginx\n${members.replace(/^/gm, "    ")}\n`;
}
