import type { Project } from "../project.ts";

/** Services after those that they depend on. */
export function inOrder({ services }: Pick<Project, "services">): string[] {
  const order = new Set<string>();
  const visiting = new Set<string>();
  const visit = (name: string): void => {
    if (order.has(name) || visiting.has(name)) return;
    visiting.add(name);
    for (const other of Object.keys(services[name]?.depends_on ?? {})) visit(other);
    order.add(name);
  };
  for (const name of Object.keys(services)) visit(name);
  return [...order];
}
