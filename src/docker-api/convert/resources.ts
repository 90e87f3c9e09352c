import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import {
  type GenericResource,
  GenericResourceSchema,
  type ResourceRequirements,
  ResourceRequirementsSchema,
  type Resources,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { integer } from "../answer.ts";
import { HttpError } from "../errors.ts";
import { optionalInt64, optionalString } from "../schema.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";

const genericBody = Type.Object({
  NamedResourceSpec: Type.Optional(Type.Object({ Kind: optionalString, Value: optionalString })),
  DiscreteResourceSpec: Type.Optional(Type.Object({ Kind: optionalString, Value: optionalInt64 })),
});

export const resourcesBody = Type.Object({
  Limits: Type.Optional(Type.Object({ NanoCPUs: optionalInt64, MemoryBytes: optionalInt64, Pids: optionalInt64 })),
  Reservations: Type.Optional(
    Type.Object({
      NanoCPUs: optionalInt64,
      MemoryBytes: optionalInt64,
      GenericResources: Type.Optional(Type.Array(genericBody)),
    }),
  ),
  SwapBytes: optionalInt64,
  MemorySwappiness: optionalInt64,
});

type ResourcesBody = Static<typeof resourcesBody>;

export function toResources(body: ResourcesBody | undefined): ResourceRequirements | undefined {
  if (!body) return undefined;
  const { Limits: limits, Reservations: reservations } = body;
  if (body.SwapBytes !== undefined && !limits?.MemoryBytes) {
    throw new HttpError(400, "memory swap provided, but no memory-limit was set");
  }
  return create(ResourceRequirementsSchema, {
    limits: limits && amounts(limits),
    reservations: reservations && {
      ...amounts(reservations),
      generic: reservations.GenericResources?.map(toGenericResource) ?? [],
    },
    swapBytes: optionalBigint(body.SwapBytes),
    memorySwappiness: optionalBigint(body.MemorySwappiness),
  });
}

function amounts({ NanoCPUs = 0, MemoryBytes = 0 }: { NanoCPUs?: number; MemoryBytes?: number }) {
  return { nanoCpus: BigInt(NanoCPUs), memoryBytes: BigInt(MemoryBytes) };
}

function optionalBigint(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}

/** Where both kinds are given the number counts, as in Docker; one that is neither is refused. */
function toGenericResource(body: Static<typeof genericBody>): GenericResource {
  const { NamedResourceSpec: named, DiscreteResourceSpec: discrete } = body;
  if (discrete) {
    const value = { kind: discrete.Kind ?? "", value: BigInt(discrete.Value ?? 0) };
    return create(GenericResourceSchema, { resource: { case: "discreteResourceSpec", value } });
  }
  if (named) {
    const value = { kind: named.Kind ?? "", value: named.Value ?? "" };
    return create(GenericResourceSchema, { resource: { case: "namedResourceSpec", value } });
  }
  throw new HttpError(400, "GenericResources: either NamedResourceSpec or DiscreteResourceSpec should be set");
}

/** `pidsLimit` comes from the container's spec, see there. */
export function fromResources(wire: ResourceRequirements | undefined, pidsLimit: bigint): JsonObject | undefined {
  if (!wire && pidsLimit === 0n) return undefined;
  const pids = { Pids: integer(pidsLimit) };
  const members = {
    Limits: wire?.limits || pidsLimit !== 0n ? omitEmpty({ ...fromAmounts(wire?.limits), ...pids }) : undefined,
    Reservations:
      wire?.reservations &&
      omitEmpty({
        ...fromAmounts(wire.reservations),
        GenericResources: fromGenericResources(wire.reservations.generic),
      }),
    SwapBytes: optionalInteger(wire?.swapBytes),
    MemorySwappiness: optionalInteger(wire?.memorySwappiness),
  };
  return omitEmpty(members, ["SwapBytes", "MemorySwappiness"]);
}

function fromAmounts(resources: Resources | undefined) {
  return {
    NanoCPUs: integer(resources?.nanoCpus ?? 0n),
    MemoryBytes: integer(resources?.memoryBytes ?? 0n),
  };
}

function optionalInteger(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : integer(value);
}

export function fromGenericResources(resources: readonly GenericResource[]): JsonObject[] {
  return resources.map(({ resource }): JsonObject => {
    switch (resource.case) {
      case "namedResourceSpec":
        return { NamedResourceSpec: omitEmpty({ Kind: resource.value.kind, Value: resource.value.value }) };
      case "discreteResourceSpec":
        return { DiscreteResourceSpec: omitEmpty({ Kind: resource.value.kind, Value: integer(resource.value.value) }) };
      case undefined:
        return {};
      default:
        return resource satisfies never;
    }
  });
}
