import { create } from "@bufbuild/protobuf";
import {
  type Network,
  type NetworkAttachment,
  NetworkAttachmentSchema,
  NetworkSchema,
} from "../../src/wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type RecordedMeta, toMeta } from "./recorded.ts";

type Strings = Readonly<Record<string, string>>;

interface RecordedSubnet {
  readonly Subnet?: string;
  readonly IPRange?: string;
  readonly Range?: string;
  readonly Gateway?: string;
}

/** A network in the form of `/networks`. */
export interface RecordedNetwork {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Driver: string;
  readonly EnableIPv6: boolean;
  readonly IPAM: {
    readonly Driver?: string;
    readonly Options?: Strings | null;
    readonly Config?: readonly RecordedSubnet[] | null;
  } | null;
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: boolean;
  readonly Options: Strings | null;
  readonly Labels: Strings | null;
}

/** Drivers of the networks that stand for each node's own. */
const predefinedDrivers = ["bridge", "host"];

export function toNetwork(recorded: RecordedNetwork): Network {
  const ipam = {
    driver: { name: recorded.IPAM?.Driver ?? "default", options: { ...recorded.IPAM?.Options } },
    configs: (recorded.IPAM?.Config ?? []).map(toSubnet),
  };
  const predefined = predefinedDrivers.includes(recorded.Driver) && { "com.docker.swarm.predefined": "true" };
  return create(NetworkSchema, {
    id: recorded.Id,
    meta: toMeta({ CreatedAt: recorded.Created, UpdatedAt: recorded.Created }),
    spec: {
      annotations: { name: recorded.Name, labels: { ...recorded.Labels, ...predefined } },
      driverConfig: { name: recorded.Driver },
      ipv6Enabled: recorded.EnableIPv6,
      internal: recorded.Internal,
      attachable: recorded.Attachable,
      ingress: recorded.Ingress,
    },
    driverState: { name: recorded.Driver, options: { ...recorded.Options } },
    ipam,
  });
}

function toSubnet({ Subnet = "", IPRange, Range, Gateway = "" }: RecordedSubnet) {
  return { subnet: Subnet, range: IPRange ?? Range ?? "", gateway: Gateway };
}

interface RecordedDriver {
  readonly Name?: string;
  readonly Options?: Strings;
}

interface RecordedIpam {
  readonly Driver?: RecordedDriver;
  readonly Configs?: readonly RecordedSubnet[];
}

/** A network in the form that tasks carry. */
export interface RecordedTaskNetwork {
  readonly Network: RecordedMeta & {
    readonly ID: string;
    readonly Spec: {
      readonly Name?: string;
      readonly Labels?: Strings;
      readonly DriverConfiguration?: RecordedDriver;
      readonly Attachable?: boolean;
      readonly Ingress?: boolean;
      readonly IPAMOptions?: RecordedIpam;
    };
    readonly DriverState?: RecordedDriver;
    readonly IPAMOptions?: RecordedIpam;
  };
  readonly Addresses?: readonly string[];
}

export function toTaskNetwork({ Network: network, Addresses }: RecordedTaskNetwork): NetworkAttachment {
  const { Spec: spec } = network;
  return create(NetworkAttachmentSchema, {
    network: {
      id: network.ID,
      meta: toMeta(network),
      spec: {
        annotations: { name: spec.Name ?? "", labels: { ...spec.Labels } },
        ...(spec.DriverConfiguration && { driverConfig: toDriver(spec.DriverConfiguration) }),
        attachable: spec.Attachable ?? false,
        ingress: spec.Ingress ?? false,
        ...(spec.IPAMOptions && { ipam: toIpam(spec.IPAMOptions) }),
      },
      ...(network.DriverState && { driverState: toDriver(network.DriverState) }),
      ...(network.IPAMOptions && { ipam: toIpam(network.IPAMOptions) }),
    },
    addresses: [...(Addresses ?? [])],
  });
}

const toDriver = ({ Name = "", Options }: RecordedDriver) => ({ name: Name, options: { ...Options } });

function toIpam({ Driver, Configs }: RecordedIpam) {
  return { ...(Driver && { driver: toDriver(Driver) }), configs: (Configs ?? []).map(toSubnet) };
}
