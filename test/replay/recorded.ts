import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { type Meta, MetaSchema } from "../../src/wire/gen/docker/swarmkit/v1/objects_pb.ts";

/*
 * The other way round from `src/docker-api/convert`: recorded JSON of whole objects into the store's form, so that the
 * façade is asked about the very state that Docker was. Only what the recordings hold.
 */

export interface RecordedMeta {
  readonly Version?: { readonly Index?: number };
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
}

export function toMeta(recorded: RecordedMeta): Meta {
  return create(MetaSchema, {
    version: { index: BigInt(recorded.Version?.Index ?? 0) },
    createdAt: toTimestamp(recorded.CreatedAt),
    updatedAt: toTimestamp(recorded.UpdatedAt),
  });
}

/** RFC 3339 with up to nine digits of a second's fraction. */
export function toTimestamp(text: string): Timestamp {
  const [whole = "", fraction = ""] = text.replace(/Z$/, "").split(".");
  return create(TimestampSchema, {
    seconds: BigInt(Date.parse(`${whole}Z`) / 1000),
    nanos: Number(fraction.padEnd(9, "0")),
  });
}
