import type { Meta } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { Version } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** The object as the client last saw it, for the store to compare: a stale version is `update out of sequence` there. */
export function atVersion<T extends { readonly meta: Meta }>(object: T, version: Version): T {
  return { ...object, meta: { ...object.meta, version } };
}
