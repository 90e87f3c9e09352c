import type { TSchema } from "typebox";
import { projectSchema } from "./project-schema.ts";
import { ignored, refused } from "./support.ts";

/** What is resolved while the files are read, and is in no schema: it is gone after that. */
const resolvedEarly = ["include", "services.*.extends"];

/** Every member of the Compose specification that is known, and what becomes of it, as a table in Markdown. */
export function supportTable(): string {
  const rows: [string, string][] = [
    ...[...membersOf(projectSchema, ""), ...resolvedEarly].map((name): [string, string] => [name, "✓"]),
    ...Object.entries(ignored).map(([name, why]): [string, string] => [name, `left out, with a warning: ${why}`]),
    ...Object.entries(refused).map(([name, why]): [string, string] => [name, `an error: ${why}`]),
  ];
  const sorted = rows.sort(([a], [b]) => (a < b ? -1 : 1));
  return ["| member | |", "|---|---|", ...sorted.map(([name, what]) => `| \`${name}\` | ${what} |`)].join("\n");
}

/** Members at the ends of a schema; `*` stands for any name or number. */
function membersOf(schema: TSchema, path: string): string[] {
  const inner = [...(arrayAt(schema, "anyOf") ?? [schema])].flatMap(option => innerOf(option, path));
  return inner.length > 0 || path === "" ? [...new Set(inner)] : [path];
}

function innerOf(schema: TSchema, path: string): string[] {
  const step = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const properties = recordAt(schema, "properties");
  if (properties) return Object.entries(properties).flatMap(([name, one]) => membersOf(one, step(name)));
  const [named] = Object.values(recordAt(schema, "patternProperties") ?? {});
  const item = named ?? (Reflect.get(schema, "items") as TSchema | undefined);
  if (!item) return [];
  const below = innerOf(item, step("*"));
  const options = (arrayAt(item, "anyOf") ?? []).flatMap(option => innerOf(option, step("*")));
  return [...below, ...options];
}

function recordAt(schema: TSchema, key: string): Readonly<Record<string, TSchema>> | undefined {
  const found: unknown = Reflect.get(schema, key);
  return typeof found === "object" && found !== null ? (found as Readonly<Record<string, TSchema>>) : undefined;
}

function arrayAt(schema: TSchema, key: string): readonly TSchema[] | undefined {
  const found: unknown = Reflect.get(schema, key);
  return Array.isArray(found) ? found : undefined;
}
