import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { formatTimestamp } from "../../model/time.ts";
import type { Meta } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { Version } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { integer } from "../answer.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";

/** The members between ID and spec that every object has. */
export function fromMeta(meta: Meta | undefined): JsonObject {
  return {
    Version: fromVersion(meta?.version),
    CreatedAt: fromTimestamp(meta?.createdAt),
    UpdatedAt: fromTimestamp(meta?.updatedAt),
  };
}

export function fromVersion(version: Version | undefined): JsonObject {
  return omitEmpty({ Index: integer(version?.index ?? 0n) });
}

/** RFC 3339; a time that was never set shows as the epoch, as gogo's protobuf has it. */
export function fromTimestamp(stamp: Timestamp | undefined): string {
  return stamp ? formatTimestamp(stamp) : "1970-01-01T00:00:00Z";
}
