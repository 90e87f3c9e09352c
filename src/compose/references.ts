import { ComposeError, type Dict, member, type Tree } from "./tree.ts";

const userOf = {
  networks: (service: Tree) => [...dictOf(member(service, "networks"))].map(([name, at]): [string, Tree] => [name, at]),
  secrets: (service: Tree) => sources(service, "secrets"),
  configs: (service: Tree) => sources(service, "configs"),
  volumes: (service: Tree) => sources(service, "volumes", item => text(member(item, "type")) === "volume"),
} as const;

/** Throws a ComposeError for a service that uses a network, volume, secret or config that the project does not define. */
export function checkReferences(model: Dict): void {
  for (const [name, service] of dictOf(member(model, "services"))) {
    for (const section of ["networks", "volumes", "secrets", "configs"] as const) {
      const defined = dictOf(member(model, section));
      for (const [used, at] of userOf[section](service)) {
        if (defined.has(used) || (section === "networks" && used === "default")) continue;
        const what = `services.${name} uses ${section}.${used}, which is not defined`;
        throw new ComposeError(
          at.place,
          `${what}: add it under ${section}, with "external: true" if it exists already`,
        );
      }
    }
  }
}

function sources(service: Tree, key: string, matters: (item: Tree) => boolean = () => true): [string, Tree][] {
  const found = member(service, key);
  if (found?.kind !== "list") return [];
  return found.items.filter(matters).flatMap((item): [string, Tree][] => {
    const name = text(member(item, "source"));
    return name ? [[name, item]] : [];
  });
}

function dictOf(tree: Tree | undefined): ReadonlyMap<string, Tree> {
  return tree?.kind === "dict" ? tree.entries : new Map();
}

function text(tree: Tree | undefined): string {
  return tree?.kind === "leaf" && tree.value !== null ? String(tree.value) : "";
}
