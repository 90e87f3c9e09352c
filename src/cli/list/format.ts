import { Fault } from "../../lib/fault.ts";
import type { TemplateFunction } from "../../lib/go-template/functions.ts";
import { expandTemplate } from "../../lib/go-template/template.ts";
import { isList, Struct, show, type Value } from "../../lib/go-template/value.ts";
import { CliError } from "../failure.ts";

/** Functions that Docker's `--format` has besides Go's own (docker/cli: templates). */
const functions: Readonly<Record<string, TemplateFunction>> = {
  json: value => JSON.stringify(plain(value)),
  join: (list, separator) => (isList(list) ? list.map(show).join(show(separator)) : show(list)),
  split: (text, separator) => show(text).split(show(separator)),
  lower: text => show(text).toLowerCase(),
  upper: text => show(text).toUpperCase(),
  title: text => show(text).replace(/(^|\s)\S/g, letter => letter.toUpperCase()),
  truncate: (text, length) => show(text).slice(0, Number(length)),
  pad: (text, before, after) => " ".repeat(Number(before)) + show(text) + " ".repeat(Number(after)),
};

/** Fills in a Go template as `--format` takes it; `\t` and `\n` may be written out. */
export function formatted(template: string, dot: Value): string {
  const source = template.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
  try {
    return expandTemplate(source, { name: "format", dot, functions });
  } catch (error) {
    if (error instanceof Fault) throw new CliError(`Cannot use --format: ${error.message}`);
    throw error;
  }
}

/** JSON as a template sees it. */
export function templateValue(json: unknown): Value {
  if (Array.isArray(json)) return json.map(templateValue);
  if (typeof json === "object" && json !== null)
    return new Map(Object.entries(json).map(([key, value]) => [key, templateValue(value)]));
  if (typeof json === "string" || typeof json === "number" || typeof json === "boolean") return json;
  return undefined;
}

function plain(value: Value): unknown {
  if (value instanceof Struct) return plain(value.fields);
  if (isList(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [key, plain(one)]));
  return value ?? null;
}
