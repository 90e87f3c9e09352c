import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import {
  type ConfigReference,
  ConfigReferenceSchema,
  type FileTarget,
  FileTargetSchema,
  RuntimeTargetSchema,
  type SecretReference,
  SecretReferenceSchema,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { HttpError } from "../errors.ts";
import { optionalString, optionalUint32 } from "../schema.ts";
import type { JsonObject } from "./omit.ts";

const fileBody = Type.Object({ Name: optionalString, UID: optionalString, GID: optionalString, Mode: optionalUint32 });

export const secretReferenceBody = Type.Object({
  File: Type.Optional(fileBody),
  SecretID: optionalString,
  SecretName: optionalString,
});

export const configReferenceBody = Type.Object({
  File: Type.Optional(fileBody),
  Runtime: Type.Optional(Type.Object({})),
  ConfigID: optionalString,
  ConfigName: optionalString,
});

function toFile(body: Static<typeof fileBody>): FileTarget {
  return create(FileTargetSchema, {
    name: body.Name ?? "",
    uid: body.UID ?? "",
    gid: body.GID ?? "",
    mode: body.Mode ?? 0,
  });
}

function fromFile(file: FileTarget): JsonObject {
  return { Name: file.name, UID: file.uid, GID: file.gid, Mode: file.mode };
}

export function toSecretReference(body: Static<typeof secretReferenceBody>): SecretReference {
  return create(SecretReferenceSchema, {
    secretId: body.SecretID ?? "",
    secretName: body.SecretName ?? "",
    target: body.File ? { case: "file", value: toFile(body.File) } : { case: undefined },
  });
}

/** One that names no file cannot be shown: Docker leaves it out. */
export function fromSecretReferences(references: readonly SecretReference[]): JsonObject[] {
  return references.flatMap(({ target, secretId, secretName }) =>
    target.case === "file" ? [{ File: fromFile(target.value), SecretID: secretId, SecretName: secretName }] : [],
  );
}

export function toConfigReference(body: Static<typeof configReferenceBody>): ConfigReference {
  if (body.File && body.Runtime) throw new HttpError(400, "invalid Config: cannot specify both File and Runtime");
  if (!body.File && !body.Runtime) throw new HttpError(400, "invalid Config: either File or Runtime should be set");
  return create(ConfigReferenceSchema, {
    configId: body.ConfigID ?? "",
    configName: body.ConfigName ?? "",
    target: body.File
      ? { case: "file", value: toFile(body.File) }
      : { case: "runtime", value: create(RuntimeTargetSchema) },
  });
}

export function fromConfigReferences(references: readonly ConfigReference[]): JsonObject[] {
  return references.flatMap(({ target, configId, configName }): JsonObject[] => {
    const named = { ConfigID: configId, ConfigName: configName };
    switch (target.case) {
      case "file":
        return [{ File: fromFile(target.value), ...named }];
      case "runtime":
        return [{ Runtime: {}, ...named }];
      case undefined:
        return [];
      default:
        return target satisfies never;
    }
  });
}
