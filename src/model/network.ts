import type { Network as WireNetwork } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { Network } from "./objects.ts";

/** Option of an overlay network's driver: the ids of its VXLAN, one a subnet; all its subnets may share the first. */
export const vxlanOption = "com.docker.network.driver.overlay.vxlanid_list";
/** Option of an overlay network's driver that is there when its traffic is to be encrypted, whatever its value. */
export const encryptedOption = "encrypted";
/** Option of a network's driver: bytes of a packet inside. */
export const mtuOption = "com.docker.network.driver.mtu";

/** Label of an engine's bridge network: the network of the swarm's that it stands for on its node. */
export const networkIdLabel = "io.shoal.network.id";

/** Label of the ingress network as engines before 17.05 made it. */
const internalLabel = "com.docker.swarm.internal";

/** Whether this is the network of the routing mesh. */
export function isIngress({ spec }: WireNetwork): boolean {
  const { name = "", labels = {} } = spec?.annotations ?? {};
  return (spec?.ingress ?? false) || (name === "ingress" && Object.hasOwn(labels, internalLabel));
}

/** The driver that the network has got, before allocation the one it asks for. */
export function driverOf({ driverState, spec }: WireNetwork): string {
  return driverState?.name || spec?.driverConfig?.name || "overlay";
}

/** Whether the network spans nodes: then the swarm gives it subnets, and addresses to whatever is on it. */
export function isOverlay(network: WireNetwork): boolean {
  return driverOf(network) === "overlay";
}

/** Whether what goes between nodes is to be encrypted. */
export function isEncrypted(network: WireNetwork): boolean {
  return isOverlay(network) && Object.hasOwn(network.spec?.driverConfig?.options ?? {}, encryptedOption);
}

/** Whether the network has got what the swarm is to give it. */
export function isAllocated(network: WireNetwork): boolean {
  return network.driverState !== undefined && (!isOverlay(network) || (network.ipam?.configs.length ?? 0) > 0);
}

/** The network's VXLAN id; 0 before it has one. */
export function vxlanIdOf({ driverState }: Network): number {
  return firstVxlanId(driverState?.options ?? {}) ?? 0;
}

/** The first id in a driver's options, undefined where there is none that is a number. */
export function firstVxlanId(options: Readonly<Record<string, string>>): number | undefined {
  const [first = ""] = (options[vxlanOption] ?? "").split(",");
  return /^\d{1,8}$/.test(first) ? Number(first) : undefined;
}
