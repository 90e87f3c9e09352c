import { create } from "@bufbuild/protobuf";
import { type GenericResource, GenericResourceSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** What tasks on a node hold of its generic resources: of each kind a number, or names. */
export class GenericClaims {
  readonly #counts = new Map<string, bigint>();
  readonly #names = new Map<string, Set<string>>();

  /** Adds what a task holds, or with -1 takes it away again. */
  count(resources: readonly GenericResource[], sign: 1 | -1): void {
    for (const { resource } of resources) {
      if (resource.case === "discreteResourceSpec") {
        const { kind, value } = resource.value;
        this.#counts.set(kind, this.#countOf(kind) + BigInt(sign) * value);
      }
      if (resource.case === "namedResourceSpec") this.#countName(resource.value.kind, resource.value.value, sign);
    }
  }

  /**
   * What to assign to a task that reserves `reserved` on a node that has `present`; undefined when there is not enough
   * left. Where a node names its resources of a kind, the task gets that many names.
   */
  claim(reserved: readonly GenericResource[], present: readonly GenericResource[]): GenericResource[] | undefined {
    const assigned: GenericResource[] = [];
    for (const { resource } of reserved) {
      if (resource.case !== "discreteResourceSpec") continue;
      const claimed = this.#claimKind(resource.value.kind, resource.value.value, present);
      if (!claimed) return undefined;
      assigned.push(...claimed);
    }
    return assigned;
  }

  #claimKind(kind: string, value: bigint, present: readonly GenericResource[]): GenericResource[] | undefined {
    const held = this.#names.get(kind);
    const names = present.flatMap(({ resource }) =>
      resource.case === "namedResourceSpec" && resource.value.kind === kind ? [resource.value.value] : [],
    );
    const free = names.filter(name => !held?.has(name));
    if (names.length > 0)
      return BigInt(free.length) < value ? undefined : free.slice(0, Number(value)).map(name => named(kind, name));
    let total = 0n;
    for (const { resource } of present)
      if (resource.case === "discreteResourceSpec" && resource.value.kind === kind) total += resource.value.value;
    return this.#countOf(kind) + value > total ? undefined : [discrete(kind, value)];
  }

  #countOf(kind: string): bigint {
    return this.#counts.get(kind) ?? 0n;
  }

  #countName(kind: string, name: string, sign: 1 | -1): void {
    const names = this.#names.get(kind) ?? new Set();
    this.#names.set(kind, names);
    if (sign === 1) names.add(name);
    else names.delete(name);
  }
}

function named(kind: string, value: string): GenericResource {
  return create(GenericResourceSchema, { resource: { case: "namedResourceSpec", value: { kind, value } } });
}

function discrete(kind: string, value: bigint): GenericResource {
  return create(GenericResourceSchema, { resource: { case: "discreteResourceSpec", value: { kind, value } } });
}
