import type { TableReader } from "../store/tx.ts";
import type { Annotations } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** What all lists can be narrowed by. Within one filter any value will do; all filters that are given must hold. */
export interface CommonFilters {
  readonly names: readonly string[];
  readonly namePrefixes: readonly string[];
  readonly idPrefixes: readonly string[];
  /** A value of "" asks for the key alone. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What a list is taken from. */
type Listed<T> = Pick<TableReader<T>, "all" | "byName" | "byNamePrefix" | "byIdPrefix">;

interface Selectable {
  readonly id: string;
}

/** What is listed, `name` and `labels` being what the filters of those names look at. */
export function select<T extends Selectable>(
  table: Listed<T>,
  filters: CommonFilters | undefined,
  describe: (object: T) => { readonly name: string; readonly labels: Readonly<Record<string, string>> },
): T[] {
  if (!filters) return [...table.all()];
  return candidates(table, filters).filter(object => {
    const { name, labels } = describe(object);
    return (
      isAmong(name, filters.names) &&
      startsWithAny(name, filters.namePrefixes) &&
      startsWithAny(object.id, filters.idPrefixes) &&
      hasLabels(labels, filters.labels)
    );
  });
}

/** Objects whose name and labels are their spec's. */
export function selectBySpec<T extends Selectable & { readonly spec: { readonly annotations: Annotations } }>(
  table: Listed<T>,
  filters: CommonFilters | undefined,
): T[] {
  return select(table, filters, ({ spec }) => spec.annotations);
}

/** Secrets and configs: those that match any of the names and prefixes, and have the labels. */
export function selectAnyBySpec<T extends Selectable & { readonly spec: { readonly annotations: Annotations } }>(
  table: Listed<T>,
  filters: CommonFilters | undefined,
): T[] {
  const { names = [], namePrefixes = [], idPrefixes = [], labels = {} } = filters ?? {};
  const given = names.length + namePrefixes.length + idPrefixes.length > 0;
  const found = [
    ...names.flatMap(name => table.byName(name)),
    ...namePrefixes.flatMap(prefix => table.byNamePrefix(prefix)),
    ...idPrefixes.flatMap(prefix => table.byIdPrefix(prefix)),
  ];
  return distinct(given ? found : [...table.all()]).filter(({ spec }) => hasLabels(spec.annotations.labels, labels));
}

/** Everything that matches the filter that an index answers, once each. */
function candidates<T extends Selectable>(table: Listed<T>, filters: CommonFilters): T[] {
  const { names, namePrefixes, idPrefixes } = filters;
  if (names.length > 0) return distinct(names.flatMap(name => table.byName(name)));
  if (namePrefixes.length > 0) return distinct(namePrefixes.flatMap(prefix => table.byNamePrefix(prefix)));
  if (idPrefixes.length > 0) return distinct(idPrefixes.flatMap(prefix => table.byIdPrefix(prefix)));
  return [...table.all()];
}

export function distinct<T>(objects: readonly T[]): T[] {
  return [...new Set(objects)];
}

/** True also when nothing is asked for. */
export function isAmong<T>(value: T, wanted: readonly T[]): boolean {
  return wanted.length === 0 || wanted.includes(value);
}

function startsWithAny(text: string, prefixes: readonly string[]): boolean {
  return prefixes.length === 0 || prefixes.some(prefix => text.startsWith(prefix));
}

export function hasLabels(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => Object.hasOwn(labels, key) && (value === "" || labels[key] === value),
  );
}
