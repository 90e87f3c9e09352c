import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import { type Driver, DriverSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { optionalString, optionalStringMap } from "../schema.ts";
import { filled, type JsonObject, omitEmpty, stringMap } from "./omit.ts";

/** A driver by name, with its options: of logs, volumes, secrets, templates. */
export const driverBody = Type.Object({ Name: optionalString, Options: optionalStringMap });

export function toDriver(body: Static<typeof driverBody> | undefined, field: string): Driver | undefined {
  if (!body) return undefined;
  return create(DriverSchema, { name: body.Name ?? "", options: stringMap(body.Options, `${field}.Options`) });
}

export function fromDriver(driver: Driver | undefined): JsonObject | undefined {
  return driver && omitEmpty({ Name: driver.name, Options: filled(driver.options) });
}
