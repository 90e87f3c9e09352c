/** The members of a spec, which is plain JSON. */
export type Json = { readonly [key: string]: unknown };

/** What is at a path like "TaskTemplate.ContainerSpec.Image". */
export function atPath(spec: Json, path: string): unknown {
  return path.split(".").reduce<unknown>((here, key) => (isJson(here) ? here[key] : undefined), spec);
}

/** A copy with something else at a path; undefined takes away what is there. */
export function withPath(spec: Json, path: string, value: unknown): Json {
  const [key = "", ...rest] = path.split(".");
  const { [key]: before, ...others } = spec;
  const inner = rest.length === 0 ? value : withPath(isJson(before) ? before : {}, rest.join("."), value);
  return inner === undefined ? others : { ...spec, [key]: inner };
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
