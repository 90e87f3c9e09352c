import type { ReadTx, TableReader } from "../store/tx.ts";
import type { TaskSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { Annotations } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { invalidArgument } from "./parts.ts";

/** A reference to a secret or config, as far as its checks go. */
interface Reference {
  readonly id: string;
  readonly name: string;
  /** The file's name, or why there is none. */
  readonly target:
    | { readonly kind: "none" }
    | { readonly kind: "runtime" }
    | { readonly kind: "file"; readonly name: string };
}

type Kind = "secret" | "config";

/** Each secret must be named in full and go to a file of its own. */
export function checkSecretTargets(spec: TaskSpec): void {
  checkTargets("secret", secretReferences(spec));
}

export function checkConfigTargets(spec: TaskSpec): void {
  checkTargets("config", configReferences(spec));
}

/** The secrets and configs referred to must be there, under the names given. */
export function checkDataExists(tx: ReadTx, spec: TaskSpec): void {
  checkExistence("secret", tx.secret, secretReferences(spec));
  checkExistence("config", tx.config, configReferences(spec));
}

function secretReferences(spec: TaskSpec): Reference[] {
  if (spec.runtime.case !== "container") return [];
  return spec.runtime.value.secrets.map(({ secretId, secretName, target }) => ({
    id: secretId,
    name: secretName,
    target: target.case === "file" ? { kind: "file", name: target.value.name } : { kind: "none" },
  }));
}

function configReferences(spec: TaskSpec): Reference[] {
  if (spec.runtime.case !== "container") return [];
  return spec.runtime.value.configs.map(({ configId, configName, target }) => ({
    id: configId,
    name: configName,
    target:
      target.case === "file"
        ? { kind: "file", name: target.value.name }
        : { kind: target.case === "runtime" ? "runtime" : "none" },
  }));
}

function checkTargets(kind: Kind, references: readonly Reference[]): void {
  const users = new Map<string, string>();
  for (const { id, name, target } of references) {
    if (id === "" || name === "") throw invalidArgument(`malformed ${kind} reference`);
    if (target.kind === "none") throw invalidArgument(`malformed ${kind} reference, no target provided`);
    if (target.kind === "runtime") continue;
    if (target.name === "")
      throw invalidArgument(`malformed file ${kind} reference, invalid target file name provided`);
    const other = users.get(target.name);
    if (other !== undefined)
      throw invalidArgument(`${kind} references '${other}' and '${name}' have a conflicting target: '${target.name}'`);
    users.set(target.name, name);
  }
}

function checkExistence(
  kind: Kind,
  table: TableReader<{ readonly spec: { readonly annotations: Annotations } }>,
  references: readonly Reference[],
): void {
  const missing = references.filter(({ id, name }) => table.get(id)?.spec.annotations.name !== name);
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(", ");
  throw invalidArgument(`${kind}${missing.length === 1 ? "" : "s"} not found: ${names}`);
}
