import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import {
  type ContainerSpec,
  ContainerSpecSchema,
  ContainerSpec_Isolation as Isolation,
} from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { integer } from "../answer.ts";
import { optionalBoolean, optionalInt64, optionalString, optionalStringMap, optionalStrings } from "../schema.ts";
import { fromDuration, optionalDuration, toOptionalDuration } from "./duration.ts";
import { fromHealth, healthBody, toHealth } from "./health.ts";
import { fromMount, mountBody, toMount } from "./mount.ts";
import { filled, type JsonObject, omitEmpty, stringMap } from "./omit.ts";
import { fromPrivileges, privilegesBody, toPrivileges } from "./privileges.ts";
import {
  configReferenceBody,
  fromConfigReferences,
  fromSecretReferences,
  secretReferenceBody,
  toConfigReference,
  toSecretReference,
} from "./references.ts";
import { Words } from "./words.ts";

const isolations = new Words<Isolation>({
  default: Isolation.DEFAULT,
  process: Isolation.PROCESS,
  hyperv: Isolation.HYPERV,
});

export const containerBody = Type.Object({
  Image: optionalString,
  Labels: optionalStringMap,
  Command: optionalStrings,
  Args: optionalStrings,
  Hostname: optionalString,
  Env: optionalStrings,
  Dir: optionalString,
  User: optionalString,
  Groups: optionalStrings,
  Privileges: Type.Optional(privilegesBody),
  Init: optionalBoolean,
  StopSignal: optionalString,
  TTY: optionalBoolean,
  OpenStdin: optionalBoolean,
  ReadOnly: optionalBoolean,
  Mounts: Type.Optional(Type.Array(mountBody)),
  StopGracePeriod: optionalDuration,
  Healthcheck: Type.Optional(healthBody),
  Hosts: optionalStrings,
  DNSConfig: Type.Optional(
    Type.Object({ Nameservers: optionalStrings, Search: optionalStrings, Options: optionalStrings }),
  ),
  Secrets: Type.Optional(Type.Array(secretReferenceBody)),
  Configs: Type.Optional(Type.Array(configReferenceBody)),
  Isolation: optionalString,
  Sysctls: optionalStringMap,
  CapabilityAdd: optionalStrings,
  CapabilityDrop: optionalStrings,
  Ulimits: Type.Optional(Type.Array(Type.Object({ Name: optionalString, Soft: optionalInt64, Hard: optionalInt64 }))),
  OomScoreAdj: optionalInt64,
});

/** The limit of processes travels here on the wire, although JSON has it among the resources. */
export function toContainer(body: Static<typeof containerBody>, pidsLimit: bigint): ContainerSpec {
  return create(ContainerSpecSchema, {
    image: body.Image ?? "",
    labels: stringMap(body.Labels, "TaskTemplate.ContainerSpec.Labels"),
    command: body.Command ?? [],
    args: body.Args ?? [],
    hostname: body.Hostname ?? "",
    env: body.Env ?? [],
    dir: body.Dir ?? "",
    user: body.User ?? "",
    groups: body.Groups ?? [],
    privileges: toPrivileges(body.Privileges),
    init: body.Init,
    stopSignal: body.StopSignal ?? "",
    tty: body.TTY ?? false,
    openStdin: body.OpenStdin ?? false,
    readOnly: body.ReadOnly ?? false,
    mounts: body.Mounts?.map(toMount) ?? [],
    stopGracePeriod: toOptionalDuration(body.StopGracePeriod),
    healthcheck: toHealth(body.Healthcheck),
    hosts: body.Hosts ?? [],
    dnsConfig: body.DNSConfig && {
      nameservers: body.DNSConfig.Nameservers ?? [],
      search: body.DNSConfig.Search ?? [],
      options: body.DNSConfig.Options ?? [],
    },
    secrets: body.Secrets?.map(toSecretReference) ?? [],
    configs: body.Configs?.map(toConfigReference) ?? [],
    // Docker takes any word it does not know for the default.
    isolation: isolations.find(body.Isolation?.toLowerCase() ?? "") ?? Isolation.DEFAULT,
    pidsLimit,
    sysctls: stringMap(body.Sysctls, "TaskTemplate.ContainerSpec.Sysctls"),
    capabilityAdd: body.CapabilityAdd ?? [],
    capabilityDrop: body.CapabilityDrop ?? [],
    ulimits:
      body.Ulimits?.map(({ Name = "", Soft = 0, Hard = 0 }) => ({
        name: Name,
        soft: BigInt(Soft),
        hard: BigInt(Hard),
      })) ?? [],
    oomScoreAdj: BigInt(body.OomScoreAdj ?? 0),
  });
}

export function fromContainer(spec: ContainerSpec): JsonObject {
  const members = {
    Image: spec.image,
    Labels: filled(spec.labels),
    Command: spec.command,
    Args: spec.args,
    Hostname: spec.hostname,
    Env: spec.env,
    Dir: spec.dir,
    User: spec.user,
    Groups: spec.groups,
    Privileges: spec.privileges && fromPrivileges(spec.privileges),
    Init: spec.init,
    StopSignal: spec.stopSignal,
    TTY: spec.tty,
    OpenStdin: spec.openStdin,
    ReadOnly: spec.readOnly,
    Mounts: spec.mounts.map(fromMount),
    StopGracePeriod: fromDuration(spec.stopGracePeriod),
    Healthcheck: spec.healthcheck && fromHealth(spec.healthcheck),
    Hosts: spec.hosts,
    DNSConfig:
      spec.dnsConfig &&
      omitEmpty({
        Nameservers: spec.dnsConfig.nameservers,
        Search: spec.dnsConfig.search,
        Options: spec.dnsConfig.options,
      }),
    Secrets: fromSecretReferences(spec.secrets),
    Configs: fromConfigReferences(spec.configs),
    Isolation: isolations.wordOf(spec.isolation),
    Sysctls: filled(spec.sysctls),
    CapabilityAdd: spec.capabilityAdd,
    CapabilityDrop: spec.capabilityDrop,
    Ulimits: spec.ulimits.map(limit => ({ Name: limit.name, Hard: integer(limit.hard), Soft: integer(limit.soft) })),
    OomScoreAdj: integer(spec.oomScoreAdj),
  };
  return omitEmpty(members, ["Init", "StopGracePeriod"]);
}
