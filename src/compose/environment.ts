import { parseEnvFile, parseRawEnvFile } from "./dotenv.ts";
import type { Files } from "./files.ts";
import type { Lookup } from "./interpolation.ts";
import { ProjectError } from "./project-error.ts";
import type { Service } from "./service-schema.ts";

type Values = Readonly<Record<string, string | null>>;

/**
 * A service's environment: its env files in their order, and what it says itself over them. A name without a value takes
 * that of the variable where the command runs, or stays without one (null).
 */
export function environmentOf(service: Service, files: Files, lookup: Lookup): Values {
  const values = new Map<string, string | null>();
  for (const { path, required = true, format } of service.env_file ?? []) {
    const text = files.read(path)?.toString();
    if (text === undefined && required)
      throw new ProjectError(`Cannot read the env file "${path}": there is no such file`);
    const known: Lookup = name => lookup(name) ?? values.get(name) ?? undefined;
    const read = format === "raw" ? parseRawEnvFile(text ?? "") : parseEnvFile(text ?? "", path, known);
    for (const [name, value] of read) values.set(name, value);
  }
  for (const [name, value] of Object.entries(service.environment ?? {})) values.set(name, value);
  return Object.fromEntries([...values].map(([name, value]) => [name, value ?? lookup(name) ?? null]));
}

/** A service's container labels: those of its label files, and its own over them. */
export function labelsOf(service: Service, files: Files, lookup: Lookup): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const path of service.label_file ?? []) {
    const text = files.read(path)?.toString();
    if (text === undefined) throw new ProjectError(`Cannot read the label file "${path}": there is no such file`);
    for (const [name, value] of parseEnvFile(text, path, lookup)) labels[name] = value ?? "";
  }
  return { ...labels, ...filledIn(service.labels) };
}

/** A map in which a key without a value has an empty one. */
export function filledIn(map: Values | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(map ?? {}).map(([key, value]) => [key, value ?? ""]));
}
