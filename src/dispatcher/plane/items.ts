import { create } from "@bufbuild/protobuf";
import { contains, parseCidr, parseIp } from "../../lib/ip.ts";
import { isEncrypted, isIngress, mtuOption, vxlanIdOf } from "../../model/network.ts";
import { planeFactsOf } from "../../model/node-plane.ts";
import type { Network, Node, Service } from "../../model/objects.ts";
import { listOf, nodeLabels, serviceLabels } from "../../model/shoal-labels.ts";
import type { NetworkAttachment } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { EndpointSpec_ResolutionMode as Resolution } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { type PortConfig, PortConfig_PublishMode as PublishMode } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import {
  PlaneService_Mode as Mode,
  type PlaneAttachment,
  PlaneAttachmentSchema,
  type PlaneNetwork,
  PlaneNetworkSchema,
  type PlaneNode,
  PlaneNodeSchema,
  type PlaneService,
  PlaneServiceSchema,
} from "../../wire/gen/shoal/v1/network_pb.ts";

/** RFC 7348; SwarmKit: what a cluster has that was founded without a port. */
const defaultVxlanPort = 4789;

const ownLabels = "shoal.";

/** The networks that a node takes part in: those on which it has an address of its own. */
export function networksOf({ attachments }: Pick<Node, "attachments">): ReadonlySet<string> {
  return new Set(attachments.flatMap(({ network }) => network?.id ?? []));
}

/** The network as `node` is to know it; `vxlanPort` is the swarm's, 0 for the usual one. */
export function networkItem(network: Network, node: Node, vxlanPort: number): PlaneNetwork {
  const { spec, ipam } = network;
  const options = spec.driverConfig?.options ?? {};
  const own = node.attachments.find(attachment => attachment.network?.id === network.id)?.addresses ?? [];
  return create(PlaneNetworkSchema, {
    id: network.id,
    name: spec.annotations.name,
    vxlanId: vxlanIdOf(network),
    vxlanPort: vxlanPort || defaultVxlanPort,
    subnets: (ipam?.configs ?? []).map(({ subnet }) => ({ cidr: subnet, gateway: withinSubnet(subnet, own) })),
    mtu: Number(options[mtuOption] ?? 0) || 0,
    internal: spec.internal,
    encrypted: isEncrypted(network),
    ingress: isIngress(network),
    attachable: spec.attachable,
    options,
  });
}

/** The one of the addresses that lies in the subnet, without its length; "" for none. */
function withinSubnet(subnet: string, addresses: readonly string[]): string {
  const network = parseCidr(subnet);
  const bare = addresses.map(address => address.slice(0, address.indexOf("/")));
  return bare.find(address => isIn(network, address)) ?? "";
}

function isIn(network: ReturnType<typeof parseCidr>, address: string): boolean {
  const ip = parseIp(address);
  return network !== undefined && ip !== undefined && contains(network, ip);
}

/** The node as others on the networks `on` are to know it; undefined when it is on none of them. */
export function nodeItem(node: Node, on: ReadonlySet<string>): PlaneNode | undefined {
  const attachments = attachmentsOn(node.attachments, on);
  if (attachments.length === 0) return undefined;
  const { dataAddress, filtersBridges, addresses } = planeFactsOf(node.description);
  const { labels } = node.spec.annotations;
  return create(PlaneNodeSchema, {
    id: node.id,
    hostname: node.description?.hostname ?? "",
    dataAddress: dataAddress || node.status.addr,
    attachments,
    filtersBridges,
    addresses: [...addresses],
    labels: Object.fromEntries(Object.entries(labels).filter(([key]) => key.startsWith(ownLabels))),
  });
}

export function attachmentsOn(all: readonly NetworkAttachment[], on: ReadonlySet<string>): PlaneAttachment[] {
  return all.flatMap(({ network, addresses, aliases }) =>
    network && on.has(network.id) && addresses.length > 0
      ? [create(PlaneAttachmentSchema, { networkId: network.id, addresses, aliases })]
      : [],
  );
}

/** The ports of the service that every node publishes. */
export function meshPortsOf({ endpoint }: Service): PortConfig[] {
  return endpoint?.ports.filter(port => port.publishMode === PublishMode.INGRESS) ?? [];
}

/** The service as `node` on the networks `on` is to know it; undefined when it is nothing to that one. */
export function serviceItem(service: Service, on: ReadonlySet<string>, node: Node): PlaneService | undefined {
  const { spec, endpoint } = service;
  const ports = meshPortsOf(service);
  const { name, labels } = spec.annotations;
  const configs = spec.task.networks.length > 0 ? spec.task.networks : spec.networks;
  const here = configs.filter(({ target }) => on.has(target));
  if (here.length === 0 && ports.length === 0) return undefined;
  const virtualIps = endpoint?.virtualIps.filter(({ networkId }) => on.has(networkId)) ?? [];
  return create(PlaneServiceSchema, {
    id: service.id,
    name,
    mode: spec.endpoint?.mode === Resolution.DNSRR ? Mode.DNSRR : Mode.VIP,
    virtualIps: virtualIps.map(({ networkId, addr }) => ({ networkId, address: addr })),
    ports,
    names: here.map(({ target, aliases }) => ({ networkId: target, aliases })),
    allowFrom: listOf(labels[serviceLabels.allowFrom]),
    restricted: Object.hasOwn(labels, serviceLabels.allowFrom),
    localOnly: isTrue(labels[serviceLabels.publishLocal]),
    publishAddresses: ports.length > 0 ? listOf(node.spec.annotations.labels[nodeLabels.publishAddresses]) : [],
  });
}

/** As Docker reads flags: a label that is there without a value says yes. */
function isTrue(text: string | undefined): boolean {
  return text !== undefined && !["false", "0", "no"].includes(text.toLowerCase());
}
