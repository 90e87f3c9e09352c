import { stringify } from "yaml";
import type { Project } from "../../compose/project.ts";

/** "doubled" where variables have been filled in, "as they are" where they still stand there. */
export type Dollars = "doubled" | "as they are";

/**
 * A project as a Compose file that says everything: merged, filled in, in its long forms. What YAML 1.1 takes for a truth
 * (`no`) is quoted: docker's CLI reads it so.
 */
export function projectYaml(project: Project, dollars: Dollars): string {
  return stringify(projectDocument(project, dollars), {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    compat: "yaml-1.1",
  });
}

/** The same as data. */
export function projectDocument(
  { name, services, networks, volumes, secrets, configs }: Project,
  dollars: Dollars,
): object {
  const sections = { services, networks, volumes, secrets, configs };
  const filled = Object.entries(sections).filter(([, section]) => Object.keys(section).length > 0);
  const document = { ...(name === undefined ? {} : { name }), ...Object.fromEntries(filled) };
  return dollars === "as they are" ? document : withDollarsDoubled(document);
}

/** Whoever reads the file fills in variables again: a `$` that is left over from that is doubled, as `docker compose config` does. */
function withDollarsDoubled(document: object): object {
  const text = JSON.stringify(document, (_, value: unknown) =>
    typeof value === "string" ? value.replaceAll("$", "$$$$") : value,
  );
  return JSON.parse(text) as object;
}
