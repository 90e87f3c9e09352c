import { mergeService } from "./merge.ts";
import { ComposeError, type Dict, mapEntries, member, type Tree, textOf, withEntry } from "./tree.ts";

/** A Compose file in its normal form, and how to come from it to another one. */
export interface Source {
  readonly path: string;
  readonly tree: Dict;
  /** The file that this one calls `path`. */
  readonly open: (path: string) => Source;
}

/** A file with each service merged over what it extends. */
export function withExtended(source: Source): Dict {
  const services = member(source.tree, "services");
  if (services?.kind !== "dict") return source.tree;
  const resolved = mapEntries(services, (service, name) => ({
    ...resolve(service, source, [`${source.path} ${name}`]),
    mark: service.mark,
  }));
  return withEntry(source.tree, "services", resolved);
}

/** `chain` names the services that led here, each after its file. */
function resolve(service: Tree, source: Source, chain: readonly string[]): Tree {
  const from = member(service, "extends");
  if (service.kind !== "dict" || !from || from.mark === "reset") return service;
  const name = textOf(member(from, "service"));
  if (name === undefined) throw new ComposeError(from.place, "extends must name a service");
  const file = textOf(member(from, "file"));
  const target = file === undefined ? source : source.open(file);
  const base = member(member(target.tree, "services"), name);
  if (!base) throw new ComposeError(from.place, `there is no service "${name}" to extend in ${target.path}`);
  const step = `${target.path} ${name}`;
  if (chain.includes(step)) throw new ComposeError(from.place, `service "${name}" extends itself in the end`);
  return mergeService(resolve(base, target, [...chain, step]), withEntry(service, "extends", undefined));
}
