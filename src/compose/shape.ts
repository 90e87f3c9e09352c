import type { Static, TObject, TSchema } from "typebox";
import { Value } from "typebox/value";
import { ComposeError, list, mapEntries, nearest, plain, type Tree } from "./tree.ts";

/**
 * The tree as data of the schema's type. Words become the numbers and truth values that the schema wants, as they come
 * from variables, and numbers texts. Throws a ComposeError that names file, line, member and what was expected.
 */
export function shaped<S extends TSchema>(schema: S, tree: Tree): Static<S> {
  const value = plain(cast(schema, tree));
  if (Value.Check(schema, value)) return value;
  // The deepest error tells most: those above it only say that none of their kinds fits.
  const [first] = [...Value.Errors(schema, value)].sort((a, b) => depth(b) - depth(a));
  const pointer = first?.instancePath ?? "";
  const at = nearest(tree, pointer);
  const wanted = first && schemaAt(schema, first.schemaPath);
  throw new ComposeError(at.place, `${memberName(pointer)} ${reason(first, wanted, at)}`);
}

type Complaint = ReturnType<typeof Value.Errors>[number];

const depth = ({ instancePath }: Complaint): number => instancePath.split("/").length;

function reason(error: Complaint | undefined, wanted: unknown, at: Tree): string {
  if (error?.keyword === "boolean") return "is not known: a misspelling? What is your own begins with x-";
  if (error?.keyword === "required") {
    const missing = "requiredProperties" in error.params ? error.params.requiredProperties.join(", ") : "";
    return `must have ${missing}`;
  }
  const title = typeof wanted === "object" && wanted !== null && "title" in wanted ? String(wanted.title) : "";
  const found = at.kind === "leaf" ? JSON.stringify(at.value) : at.kind === "list" ? "a list" : "a mapping";
  return title ? `must be ${title}, not ${found}` : `cannot be ${found}`;
}

/** "/services/web/ports/0" as "services.web.ports[0]". */
function memberName(pointer: string): string {
  const parts = pointer
    .split("/")
    .slice(1)
    .map(part => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const name = parts.map(part => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join("");
  return name === "" ? "the file" : name.slice(1);
}

/** The part of a schema that complained. */
function schemaAt(schema: TSchema, path: string): unknown {
  let here: unknown = schema;
  for (const part of path.replace(/^#?\//, "").split("/")) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    const next: unknown =
      typeof here === "object" && here !== null ? Reflect.get(here, decodeURIComponent(key)) : undefined;
    if (typeof next !== "object" || next === null) break;
    here = next;
  }
  return here;
}

function cast(schema: TSchema, tree: Tree): Tree {
  const options = alternatives(schema);
  if (tree.kind === "leaf") return castLeaf(options, tree);
  if (tree.kind === "list") {
    const items = options.map(itemsOf).find(Boolean);
    return items
      ? list(
          tree.items.map(item => cast(items, item)),
          tree.place,
        )
      : tree;
  }
  const object = options.find(option => Reflect.get(option, "type") === "object");
  if (!object) return tree;
  const own = Reflect.get(object, "properties") !== undefined;
  return mapEntries(tree, (value, key) => {
    if (own && key.startsWith("x-")) return undefined;
    const inner = propertyOf(object, key);
    if (!inner) return value;
    // A member without a value is one that was left out.
    const absent = own && value.kind === "leaf" && value.value === null && !takesNull(inner);
    return absent ? undefined : cast(inner, value);
  });
}

function takesNull(schema: TSchema): boolean {
  return alternatives(schema).some(option => ["null", undefined].includes(Reflect.get(option, "type")));
}

function castLeaf(options: readonly TSchema[], tree: Tree & { kind: "leaf" }): Tree {
  const types = new Set(options.map(option => Reflect.get(option, "type")));
  const { value } = tree;
  if (typeof value === "string") {
    if (types.has("string")) return tree;
    if (types.has("boolean") && /^(true|false)$/i.test(value))
      return { ...tree, value: value.toLowerCase() === "true" };
    const isNumber = types.has("integer") || types.has("number");
    return isNumber ? { ...tree, value: numberOf(value) ?? value } : tree;
  }
  if (value === null || !types.has("string") || types.has(typeof value)) return tree;
  return { ...tree, value: String(value) };
}

/** Zero at the front is YAML 1.1's octal, in a variable's value as in the file. */
function numberOf(text: string): number | undefined {
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return text.trim() === "" || Number.isNaN(Number(text)) ? undefined : Number(text);
}

function alternatives(schema: TSchema): readonly TSchema[] {
  const any: unknown = Reflect.get(schema, "anyOf");
  return Array.isArray(any) ? any : [schema];
}

function itemsOf(schema: TSchema): TSchema | undefined {
  return Reflect.get(schema, "items") as TSchema | undefined;
}

function propertyOf(schema: TSchema, key: string): TSchema | undefined {
  const properties = (schema as TObject).properties as Readonly<Record<string, TSchema>> | undefined;
  if (properties && Object.hasOwn(properties, key)) return properties[key];
  const patterns: unknown = Reflect.get(schema, "patternProperties");
  return typeof patterns === "object" && patterns !== null ? (Object.values(patterns)[0] as TSchema) : undefined;
}
