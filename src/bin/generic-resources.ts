import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import { type GenericResource, GenericResourceSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/**
 * What a node offers beside CPU and memory, as dockerd's `--node-generic-resource` has it: a kind with one number is
 * counted, a kind with other values has each of them once.
 */
export function genericResources(kinds: Readonly<Record<string, readonly string[]>>): GenericResource[] {
  return Object.entries(kinds).flatMap(([kind, values]) => {
    const [first = "", second] = values;
    if (second === undefined && /^\d+$/.test(first)) return [counted(kind, first)];
    if (new Set(values).size !== values.length)
      throw new Fault("invalid_argument", `Cannot offer generic resource "${kind}": it names one value twice`);
    return values.map(value => named(kind, value));
  });
}

function counted(kind: string, count: string): GenericResource {
  return create(GenericResourceSchema, {
    resource: { case: "discreteResourceSpec", value: { kind, value: BigInt(count) } },
  });
}

function named(kind: string, value: string): GenericResource {
  return create(GenericResourceSchema, { resource: { case: "namedResourceSpec", value: { kind, value } } });
}
