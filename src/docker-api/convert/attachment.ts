import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import {
  type NetworkAttachmentConfig,
  NetworkAttachmentConfigSchema,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { optionalString, optionalStringMap, optionalStrings } from "../schema.ts";
import { filled, type JsonObject, omitEmpty, stringMap } from "./omit.ts";

/** A network that tasks are to be on. `Target` is an id once the routes have looked it up. */
export const attachmentBody = Type.Object({
  Target: optionalString,
  Aliases: optionalStrings,
  DriverOpts: optionalStringMap,
});

export function toAttachment(body: Static<typeof attachmentBody>): NetworkAttachmentConfig {
  return create(NetworkAttachmentConfigSchema, {
    target: body.Target ?? "",
    aliases: body.Aliases ?? [],
    driverAttachmentOpts: stringMap(body.DriverOpts, "Networks.DriverOpts"),
  });
}

export function fromAttachment(attachment: NetworkAttachmentConfig): JsonObject {
  return omitEmpty({
    Target: attachment.target,
    Aliases: attachment.aliases,
    DriverOpts: filled(attachment.driverAttachmentOpts),
  });
}
