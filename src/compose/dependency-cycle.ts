import type { Service } from "./service-schema.ts";

/** Services that wait for each other, each for the next and the last again for the first; undefined where none do. */
export function dependencyCycle(services: Readonly<Record<string, Service>>): readonly string[] | undefined {
  const startable = new Set<string>();
  const search = (name: string, path: readonly string[]): readonly string[] | undefined => {
    if (startable.has(name)) return undefined;
    const at = path.indexOf(name);
    if (at >= 0) return [...path.slice(at), name];
    for (const other of Object.keys(services[name]?.depends_on ?? {})) {
      const cycle = search(other, [...path, name]);
      if (cycle) return cycle;
    }
    startable.add(name);
    return undefined;
  };
  for (const name of Object.keys(services)) {
    const cycle = search(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}
