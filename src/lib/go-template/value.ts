/** What a template can see: texts, whole numbers, truth values, maps of texts, structs, and nothing. */
export type Value = string | number | boolean | undefined | ReadonlyMap<string, string> | Struct;

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
      return "map[string]string";
  }
}

/** Go's truth: what is empty or zero is false, a struct is true. */
export function isTrue(value: Value): boolean {
  if (value instanceof Struct) return true;
  return typeof value === "object" ? value.size > 0 : Boolean(value);
}

/** A value as Go's `%v` prints it. */
export function show(value: Value): string {
  if (value === undefined) return "<no value>";
  if (value instanceof Struct) return `{${[...value.fields.values()].map(show).join(" ")}}`;
  if (typeof value !== "object") return String(value);
  return `map[${sortedEntries(value)
    .map(([key, one]) => `${key}:${one}`)
    .join(" ")}]`;
}

/** Go's templates go through maps by key. */
export function sortedEntries(map: ReadonlyMap<string, string>): [string, string][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
