import type { Service } from "../model/objects.ts";
import { invalidArgument } from "./parts.ts";

/** Refuses to remove a secret or config that services refer to. */
export function checkUnused(kind: "secret" | "config", name: string, services: Iterable<Service>): void {
  const names = Array.from(services, ({ spec }) => spec.annotations.name);
  if (names.length === 0) return;
  const noun = names.length === 1 ? "service" : "services";
  throw invalidArgument(`${kind} '${name}' is in use by the following ${noun}: ${names.join(", ")}`);
}
