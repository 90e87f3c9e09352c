import { create } from "@bufbuild/protobuf";
import { type Annotations, AnnotationsSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { optionalString, optionalStringMap } from "../schema.ts";
import type { JsonObject } from "./omit.ts";
import { stringMap } from "./omit.ts";

/** Members that the body of every named object begins with. */
export const annotationsMembers = { Name: optionalString, Labels: optionalStringMap };

interface AnnotationsBody {
  readonly Name?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

export function toAnnotations(body: AnnotationsBody): Annotations {
  return create(AnnotationsSchema, { name: body.Name ?? "", labels: stringMap(body.Labels, "Labels") });
}

/** Labels are always there, an empty name is not. */
export function fromAnnotations(annotations: Annotations | undefined): JsonObject {
  const labels = { ...annotations?.labels };
  return annotations?.name ? { Name: annotations.name, Labels: labels } : { Labels: labels };
}
