import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import { type Placement, PlacementSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { integer } from "../answer.ts";
import { optionalString, optionalStrings, optionalUint64 } from "../schema.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";

export const placementBody = Type.Object({
  Constraints: optionalStrings,
  Preferences: Type.Optional(
    Type.Array(Type.Object({ Spread: Type.Optional(Type.Object({ SpreadDescriptor: optionalString })) })),
  ),
  MaxReplicas: optionalUint64,
  Platforms: Type.Optional(Type.Array(Type.Object({ Architecture: optionalString, OS: optionalString }))),
});

/** Preferences of a kind we do not know (none but spread) are passed over, as Docker does. */
export function toPlacement(body: Static<typeof placementBody> | undefined): Placement | undefined {
  if (!body) return undefined;
  const spreads = body.Preferences?.flatMap(preference => preference.Spread ?? []) ?? [];
  return create(PlacementSchema, {
    constraints: body.Constraints ?? [],
    preferences: spreads.map(spread => ({
      Preference: { case: "spread" as const, value: { spreadDescriptor: spread.SpreadDescriptor ?? "" } },
    })),
    maxReplicas: BigInt(body.MaxReplicas ?? 0),
    platforms: body.Platforms?.map(({ Architecture = "", OS = "" }) => ({ architecture: Architecture, os: OS })) ?? [],
  });
}

export function fromPlacement(placement: Placement): JsonObject {
  return omitEmpty({
    Constraints: placement.constraints,
    Preferences: placement.preferences.flatMap(({ Preference: preference }) =>
      preference.case === "spread" ? [{ Spread: { SpreadDescriptor: preference.value.spreadDescriptor } }] : [],
    ),
    MaxReplicas: integer(placement.maxReplicas),
    Platforms: placement.platforms.map(platform => omitEmpty({ Architecture: platform.architecture, OS: platform.os })),
  });
}
