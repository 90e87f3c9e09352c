import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import type { Config } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type ConfigSpec, ConfigSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { optionalString } from "../schema.ts";
import { annotationsMembers, fromAnnotations, toAnnotations } from "./annotations.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { driverBody, fromDriver, toDriver } from "./driver.ts";
import { fromMeta } from "./meta.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";

export const configSpecBody = Type.Object({
  ...annotationsMembers,
  Data: optionalString,
  Templating: Type.Optional(driverBody),
});

export function toConfigSpec(body: Static<typeof configSpecBody>): ConfigSpec {
  return create(ConfigSpecSchema, {
    annotations: toAnnotations(body),
    data: fromBase64(body.Data ?? ""),
    templating: toDriver(body.Templating, "Templating"),
  });
}

/** Always with its data, in lists too. */
export function fromConfig({ id, meta, spec }: Config): JsonObject {
  return {
    ID: id,
    ...fromMeta(meta),
    Spec: omitEmpty({
      ...fromAnnotations(spec?.annotations),
      Data: toBase64(spec?.data ?? new Uint8Array()),
      Templating: fromDriver(spec?.templating),
    }),
  };
}
