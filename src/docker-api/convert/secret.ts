import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import type { Secret } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type SecretSpec, SecretSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { optionalString } from "../schema.ts";
import { annotationsMembers, fromAnnotations, toAnnotations } from "./annotations.ts";
import { fromBase64 } from "./base64.ts";
import { driverBody, fromDriver, toDriver } from "./driver.ts";
import { fromMeta } from "./meta.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";

export const secretSpecBody = Type.Object({
  ...annotationsMembers,
  Data: optionalString,
  Driver: Type.Optional(driverBody),
  Templating: Type.Optional(driverBody),
});

export function toSecretSpec(body: Static<typeof secretSpecBody>): SecretSpec {
  return create(SecretSpecSchema, {
    annotations: toAnnotations(body),
    data: fromBase64(body.Data ?? ""),
    driver: toDriver(body.Driver, "Driver"),
    templating: toDriver(body.Templating, "Templating"),
  });
}

/** Never with its data, whoever asks and whatever the cluster's API has sent. */
export function fromSecret({ id, meta, spec }: Secret): JsonObject {
  return {
    ID: id,
    ...fromMeta(meta),
    Spec: omitEmpty({
      ...fromAnnotations(spec?.annotations),
      Driver: fromDriver(spec?.driver),
      Templating: fromDriver(spec?.templating),
    }),
  };
}
