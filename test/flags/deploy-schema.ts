import { readFileSync } from "node:fs";

type Schema = { readonly [key: string]: Schema | undefined };

/** Every key that the docker CLI takes below `deploy`, from the schema of compose files that its binary holds. */
export function deployKeysOf(dockerBinary: string, schemaId = "config_schema_v3.13.json"): string[] {
  const schema = embeddedJson(readFileSync(dockerBinary), `"id": "${schemaId}"`);
  return keysOf(schema.definitions?.deployment, schema.definitions ?? {}, "");
}

function keysOf(schema: Schema | undefined, definitions: Schema, path: string): string[] {
  const reference = String(schema?.$ref ?? "").replace("#/definitions/", "");
  // A list or map of labels has no keys of its own.
  const here = reference === "" || reference === "list_or_dict" ? schema : definitions[reference];
  const members = here?.properties ?? here?.items?.properties;
  if (!members) return [path];
  return Object.entries(members).flatMap(([key, member]) =>
    keysOf(member, definitions, path === "" ? key : `${path}.${key}`),
  );
}

/** The JSON object around a text that stands in it at the first level. */
function embeddedJson(bytes: Buffer, text: string): Schema {
  const at = bytes.indexOf(text);
  if (at < 0) throw new Error(`not found in the binary: ${text}`);
  const start = bytes.lastIndexOf("{", at);
  let depth = 0;
  let quoted = false;
  for (let end = start; end < bytes.length; end += 1) {
    const char = String.fromCharCode(bytes[end] ?? 0);
    if (quoted && char === "\\") end += 1;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === "{") depth += 1;
    else if (!quoted && char === "}" && --depth === 0)
      return JSON.parse(bytes.subarray(start, end + 1).toString()) as Schema;
  }
  throw new Error(`no end of the object with ${text}`);
}
