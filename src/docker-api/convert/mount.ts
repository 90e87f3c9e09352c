import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import {
  Mount_Consistency as Consistency,
  type Mount,
  type Mount_BindOptions,
  Mount_BindOptionsSchema,
  type Mount_VolumeOptions,
  Mount_VolumeOptionsSchema,
  MountSchema,
  Mount_Type as MountType,
  Mount_BindOptions_Propagation as Propagation,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { optionalBoolean, optionalString, optionalStringMap } from "../schema.ts";
import { driverBody, fromDriver, toDriver } from "./driver.ts";
import { filled, type JsonObject, omitEmpty, stringMap } from "./omit.ts";
import { fromTmpfs, tmpfsBody, toTmpfs } from "./tmpfs.ts";
import { invalid, Words } from "./words.ts";

const types = new Words<MountType>({
  bind: MountType.BIND,
  volume: MountType.VOLUME,
  tmpfs: MountType.TMPFS,
  npipe: MountType.NPIPE,
  cluster: MountType.CLUSTER,
});

const propagations = new Words<Propagation>({
  rprivate: Propagation.RPRIVATE,
  private: Propagation.PRIVATE,
  rshared: Propagation.RSHARED,
  shared: Propagation.SHARED,
  rslave: Propagation.RSLAVE,
  slave: Propagation.SLAVE,
});

const consistencies = new Words<Consistency>({
  default: Consistency.DEFAULT,
  consistent: Consistency.CONSISTENT,
  cached: Consistency.CACHED,
  delegated: Consistency.DELEGATED,
});

const bindBody = Type.Object({
  Propagation: optionalString,
  NonRecursive: optionalBoolean,
  CreateMountpoint: optionalBoolean,
  ReadOnlyNonRecursive: optionalBoolean,
  ReadOnlyForceRecursive: optionalBoolean,
});

const volumeBody = Type.Object({
  NoCopy: optionalBoolean,
  Labels: optionalStringMap,
  Subpath: optionalString,
  DriverConfig: Type.Optional(driverBody),
});

export const mountBody = Type.Object({
  Type: optionalString,
  Source: optionalString,
  Target: optionalString,
  ReadOnly: optionalBoolean,
  Consistency: optionalString,
  BindOptions: Type.Optional(bindBody),
  VolumeOptions: Type.Optional(volumeBody),
  TmpfsOptions: Type.Optional(tmpfsBody),
});

/** Paths are not looked at: Docker takes any, and the task that cannot have them says so. */
export function toMount(body: Static<typeof mountBody>): Mount {
  return create(MountSchema, {
    type: types.valueOf(body.Type?.toLowerCase(), MountType.BIND, () => invalid("MountType")(body.Type ?? "")),
    source: body.Source ?? "",
    target: body.Target ?? "",
    readonly: body.ReadOnly ?? false,
    consistency: consistencies.valueOf(body.Consistency, Consistency.DEFAULT, invalid("mount Consistency")),
    bindOptions: toBind(body.BindOptions),
    volumeOptions: toVolume(body.VolumeOptions),
    tmpfsOptions: toTmpfs(body.TmpfsOptions),
  });
}

/** Options that say nothing are none, as Docker has it. */
function toBind(body: Static<typeof bindBody> | undefined): Mount_BindOptions | undefined {
  if (!body || !Object.values(body).some(Boolean)) return undefined;
  return create(Mount_BindOptionsSchema, {
    propagation: propagations.valueOf(body.Propagation?.toLowerCase(), Propagation.RPRIVATE, () =>
      invalid("MountPropagation")(body.Propagation ?? ""),
    ),
    nonrecursive: body.NonRecursive ?? false,
    createmountpoint: body.CreateMountpoint ?? false,
    readonlynonrecursive: body.ReadOnlyNonRecursive ?? false,
    readonlyforcerecursive: body.ReadOnlyForceRecursive ?? false,
  });
}

function toVolume(body: Static<typeof volumeBody> | undefined): Mount_VolumeOptions | undefined {
  if (!body) return undefined;
  return create(Mount_VolumeOptionsSchema, {
    nocopy: body.NoCopy ?? false,
    labels: stringMap(body.Labels, "Mounts.VolumeOptions.Labels"),
    subpath: body.Subpath ?? "",
    driverConfig: toDriver(body.DriverConfig, "Mounts.VolumeOptions.DriverConfig"),
  });
}

export function fromMount(mount: Mount): JsonObject {
  return omitEmpty({
    Type: types.wordOf(mount.type),
    Source: mount.source,
    Target: mount.target,
    ReadOnly: mount.readonly,
    Consistency: mount.consistency === Consistency.DEFAULT ? "" : consistencies.wordOf(mount.consistency),
    BindOptions: mount.bindOptions && fromBind(mount.bindOptions),
    VolumeOptions: mount.volumeOptions && fromVolume(mount.volumeOptions),
    TmpfsOptions: mount.tmpfsOptions && fromTmpfs(mount.tmpfsOptions),
  });
}

function fromBind(options: Mount_BindOptions): JsonObject {
  return omitEmpty({
    Propagation: propagations.wordOf(options.propagation),
    NonRecursive: options.nonrecursive,
    CreateMountpoint: options.createmountpoint,
    ReadOnlyNonRecursive: options.readonlynonrecursive,
    ReadOnlyForceRecursive: options.readonlyforcerecursive,
  });
}

function fromVolume(options: Mount_VolumeOptions): JsonObject {
  return omitEmpty({
    NoCopy: options.nocopy,
    Labels: filled(options.labels),
    Subpath: options.subpath,
    DriverConfig: fromDriver(options.driverConfig),
  });
}
