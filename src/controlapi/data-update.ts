import { timingSafeEqual } from "node:crypto";
import { same } from "../lib/same.ts";
import type { Meta } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { Annotations, Version } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { invalidArgument } from "./parts.ts";

interface DataSpec {
  readonly annotations?: Annotations | undefined;
  readonly data: Uint8Array;
}

/**
 * The spec of a secret or config with the labels sent, the only part of it that may change: tasks rely on the rest. The
 * same data may be sent again, or none.
 */
export function relabelled<T extends DataSpec & { readonly annotations: Annotations }>(current: T, sent: DataSpec): T {
  const renamed = sent.annotations?.name !== current.annotations.name;
  if (renamed || (sent.data.length > 0 && !sameData(sent.data, current.data)))
    throw invalidArgument("only updates to Labels are allowed");
  return { ...current, annotations: { ...current.annotations, labels: sent.annotations?.labels ?? {} } };
}

/**
 * Whether a spec that {@link relabelled} gave leaves the object, as the client last saw it, as it is. `docker stack deploy`
 * sends every secret and config each time: without a difference nothing is written, and no event tells of it.
 */
export function isUnchanged(
  current: { readonly meta: Meta; readonly spec: { readonly annotations: Annotations } },
  seen: Version,
  next: { readonly annotations: Annotations },
): boolean {
  const isCurrent = current.meta.version?.index === seen.index;
  return isCurrent && same(current.spec.annotations.labels, next.annotations.labels);
}

/** How long it takes says nothing about where the two differ. */
function sameData(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
