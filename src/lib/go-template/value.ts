/** What a template can see: texts, numbers, truth values, maps, lists, structs, and nothing. */
export type Value = string | number | boolean | undefined | ReadonlyMap<string, Value> | readonly Value[] | Struct;

/** Named values whose names are fixed: asking for another one is an error, which a map's missing key need not be. */
export class Struct {
  /** As Go would name it in messages. */
  readonly type: string;
  readonly fields: ReadonlyMap<string, Value>;

  constructor(type: string, fields: Readonly<Record<string, Value>>) {
    this.type = type;
    this.fields = new Map(Object.entries(fields));
  }
}

/** Go's type of a value, for messages. */
export function typeName(value: Value): string {
  if (value instanceof Struct) return value.type;
  if (isList(value)) return "[]interface {}";
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return "int";
    case "boolean":
      return "bool";
    case "undefined":
      return "nil";
    default:
      return [...value.values()].every(one => typeof one === "string")
        ? "map[string]string"
        : "map[string]interface {}";
  }
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Go's truth: what is empty or zero is false, a struct is true. */
export function isTrue(value: Value): boolean {
  if (value instanceof Struct) return true;
  if (isList(value)) return value.length > 0;
  return typeof value === "object" ? value.size > 0 : Boolean(value);
}

/** A value as Go's `%v` prints it. */
export function show(value: Value): string {
  if (value === undefined) return "<no value>";
  if (value instanceof Struct) return `{${[...value.fields.values()].map(show).join(" ")}}`;
  if (isList(value)) return `[${value.map(show).join(" ")}]`;
  if (typeof value !== "object") return String(value);
  return `map[${sortedEntries(value)
    .map(([key, one]) => `${key}:${show(one)}`)
    .join(" ")}]`;
}

/** Go's templates go through maps by key. */
export function sortedEntries(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
