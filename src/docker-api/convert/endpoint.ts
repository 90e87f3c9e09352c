import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import type { Endpoint } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  type EndpointSpec,
  EndpointSpecSchema,
  EndpointSpec_ResolutionMode as ResolutionMode,
} from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  type PortConfig,
  PortConfigSchema,
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { optionalString, optionalUint32 } from "../schema.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";
import { invalid, Words } from "./words.ts";

const modes = new Words<ResolutionMode>({ vip: ResolutionMode.VIP, dnsrr: ResolutionMode.DNSRR });
const protocols = new Words<Protocol>({ tcp: Protocol.TCP, udp: Protocol.UDP, sctp: Protocol.SCTP });
const publishModes = new Words<PublishMode>({ ingress: PublishMode.INGRESS, host: PublishMode.HOST });

const portBody = Type.Object({
  Name: optionalString,
  Protocol: optionalString,
  TargetPort: optionalUint32,
  PublishedPort: optionalUint32,
  PublishMode: optionalString,
});

export const endpointSpecBody = Type.Object({
  Mode: optionalString,
  Ports: Type.Optional(Type.Array(portBody)),
});

export function toEndpointSpec(body: Static<typeof endpointSpecBody> | undefined): EndpointSpec | undefined {
  if (!body) return undefined;
  return create(EndpointSpecSchema, {
    mode: modes.valueOf(body.Mode, ResolutionMode.VIP, invalid("resolution mode")),
    ports: body.Ports?.map(toPort) ?? [],
  });
}

/** Numbers of ports are not looked at: those that cannot be published fail their tasks, as with Docker. */
function toPort(body: Static<typeof portBody>): PortConfig {
  return create(PortConfigSchema, {
    name: body.Name ?? "",
    protocol: protocols.valueOf(body.Protocol?.toLowerCase(), Protocol.TCP, invalid("Protocol of a port")),
    targetPort: body.TargetPort ?? 0,
    publishedPort: body.PublishedPort ?? 0,
    publishMode: publishModes.valueOf(body.PublishMode?.toLowerCase(), PublishMode.INGRESS, invalid("PublishMode")),
  });
}

export function fromEndpointSpec(spec: EndpointSpec): JsonObject {
  return omitEmpty({ Mode: modes.wordOf(spec.mode), Ports: spec.ports.map(fromPort) });
}

export function fromPort(port: PortConfig): JsonObject {
  return omitEmpty({
    Name: port.name,
    Protocol: protocols.wordOf(port.protocol),
    TargetPort: port.targetPort,
    PublishedPort: port.publishedPort,
    PublishMode: publishModes.wordOf(port.publishMode),
  });
}

/** What a service has got. With neither ports nor addresses there is nothing to tell, not even the mode. */
export function fromEndpoint(endpoint: Endpoint | undefined): JsonObject {
  if (!endpoint || (endpoint.ports.length === 0 && endpoint.virtualIps.length === 0)) return { Spec: {} };
  return omitEmpty({
    Spec: endpoint.spec ? fromEndpointSpec(endpoint.spec) : {},
    Ports: endpoint.ports.map(fromPort),
    VirtualIPs: endpoint.virtualIps.map(ip => omitEmpty({ NetworkID: ip.networkId, Addr: ip.addr })),
  });
}
