import { stringify } from "yaml";
import type { Project } from "../../compose/project.ts";

/** A project as a Compose file that says everything: merged, filled in, in its long forms. */
export function projectYaml(project: Project): string {
  return stringify(projectDocument(project), { lineWidth: 0, aliasDuplicateObjects: false });
}

/** The same as data. */
export function projectDocument({ name, services, networks, volumes, secrets, configs }: Project): object {
  const sections = { services, networks, volumes, secrets, configs };
  const filled = Object.entries(sections).filter(([, section]) => Object.keys(section).length > 0);
  return { ...(name === undefined ? {} : { name }), ...Object.fromEntries(filled) };
}
