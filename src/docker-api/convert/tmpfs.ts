import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import { type Mount_TmpfsOptions, Mount_TmpfsOptionsSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { integer, type Json } from "../answer.ts";
import { optionalInt64, optionalUint32 } from "../schema.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";

export const tmpfsBody = Type.Object({
  SizeBytes: optionalInt64,
  Mode: optionalUint32,
  Options: Type.Optional(Type.Array(Type.Array(Type.String()))),
});

/** The wire has one string for the options: Docker puts its list of lists there as JSON. */
export function toTmpfs(body: Static<typeof tmpfsBody> | undefined): Mount_TmpfsOptions | undefined {
  if (!body) return undefined;
  return create(Mount_TmpfsOptionsSchema, {
    sizeBytes: BigInt(body.SizeBytes ?? 0),
    mode: body.Mode ?? 0,
    options: body.Options && body.Options.length > 0 ? JSON.stringify(body.Options) : "",
  });
}

export function fromTmpfs(options: Mount_TmpfsOptions): JsonObject {
  return omitEmpty({
    SizeBytes: integer(options.sizeBytes),
    Mode: options.mode,
    Options: listOfLists(options.options),
  });
}

/** What another program wrote there and is no list of lists of strings is not shown. */
function listOfLists(text: string): Json[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(parsed)) return [];
  return parsed.filter(isStrings);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === "string");
}
