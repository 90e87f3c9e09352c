import { isAbsolute } from "node:path/posix";
import { Fault } from "../../lib/fault.ts";
import {
  Mount_Consistency as Consistency,
  type Mount as MountSpec,
  Mount_Type as MountType,
  Mount_BindOptions_Propagation as Propagation,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { compareApi, newestApi } from "./api-version.ts";
import type { Mount } from "./types.ts";

const propagations: Readonly<Record<Propagation, string>> = {
  [Propagation.RPRIVATE]: "rprivate",
  [Propagation.PRIVATE]: "private",
  [Propagation.RSHARED]: "rshared",
  [Propagation.SHARED]: "shared",
  [Propagation.RSLAVE]: "rslave",
  [Propagation.SLAVE]: "slave",
};

const consistencies: Readonly<Record<Consistency, string>> = {
  [Consistency.DEFAULT]: "",
  [Consistency.CONSISTENT]: "consistent",
  [Consistency.CACHED]: "cached",
  [Consistency.DELEGATED]: "delegated",
};

/** Options that came with a later API. An older engine passes over them without a word and mounts more than was asked. */
const laterOptions: readonly { readonly name: string; readonly api: string; isUsed(spec: MountSpec): boolean }[] = [
  { name: "bind-recursive=readonly", api: "1.44", isUsed: spec => spec.bindOptions?.readonlyforcerecursive ?? false },
  { name: "volume-subpath", api: "1.45", isUsed: spec => (spec.volumeOptions?.subpath ?? "") !== "" },
];

/** A mount of the spec as an engine of this API takes it. Faults invalid_argument, with Docker's texts where it has them. */
export function toMount(spec: MountSpec, engineApi: string = newestApi): Mount {
  const later = laterOptions.find(({ api, isUsed }) => isUsed(spec) && compareApi(engineApi, api) < 0);
  if (later)
    throw invalid(`Cannot mount "${spec.target}": ${later.name} needs API ${later.api}, this engine has ${engineApi}`);
  if (!isAbsolute(spec.target)) throw invalid(`invalid mount target, must be an absolute path: ${spec.target}`);
  const consistency = consistencies[spec.consistency] ?? "";
  const common = {
    Target: spec.target,
    ReadOnly: spec.readonly,
    ...(consistency === "" ? {} : { Consistency: consistency }),
  };
  switch (spec.type) {
    case MountType.BIND:
      if (!isAbsolute(spec.source))
        throw invalid(`invalid bind mount source, must be an absolute path: ${spec.source}`);
      return { ...common, Type: "bind", Source: spec.source, ...bindOptions(spec) };
    case MountType.VOLUME:
      if (isAbsolute(spec.source))
        throw invalid(`invalid volume mount source, must not be an absolute path: ${spec.source}`);
      return { ...common, Type: "volume", Source: spec.source, ...volumeOptions(spec) };
    case MountType.TMPFS:
      if (spec.source !== "") throw invalid("invalid tmpfs source, source must be empty");
      return { ...common, Type: "tmpfs", ...tmpfsOptions(spec) };
    case MountType.NPIPE:
      return { ...common, Type: "npipe", Source: spec.source };
    case MountType.CLUSTER:
      throw invalid(`Cannot mount cluster volume "${spec.source}": this node has no CSI plugin`);
    default:
      spec.type satisfies never;
      throw invalid(`invalid mount type: ${String(spec.type)}`);
  }
}

function bindOptions(spec: MountSpec): Pick<Mount, "BindOptions"> {
  const options = spec.bindOptions;
  if (!options) return {};
  return {
    BindOptions: {
      Propagation: propagations[options.propagation] ?? "",
      ...(options.nonrecursive ? { NonRecursive: true } : {}),
      ...(options.createmountpoint ? { CreateMountpoint: true } : {}),
      ...(options.readonlynonrecursive ? { ReadOnlyNonRecursive: true } : {}),
      ...(options.readonlyforcerecursive ? { ReadOnlyForceRecursive: true } : {}),
    },
  };
}

function volumeOptions(spec: MountSpec): Pick<Mount, "VolumeOptions"> {
  const options = spec.volumeOptions;
  if (!options) return {};
  const driver = options.driverConfig;
  return {
    VolumeOptions: {
      NoCopy: options.nocopy,
      Labels: options.labels,
      ...(driver ? { DriverConfig: { Name: driver.name, Options: driver.options } } : {}),
      ...(options.subpath === "" ? {} : { Subpath: options.subpath }),
    },
  };
}

function tmpfsOptions(spec: MountSpec): Pick<Mount, "TmpfsOptions"> {
  const options = spec.tmpfsOptions;
  if (!options) return {};
  return { TmpfsOptions: { SizeBytes: Number(options.sizeBytes), Mode: options.mode } };
}

function invalid(message: string): Fault {
  return new Fault("invalid_argument", message);
}
