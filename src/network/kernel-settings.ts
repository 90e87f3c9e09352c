import type { LocalNetwork } from "./local-networks.ts";
import type { Plane } from "./plane-state.ts";
import type { Self } from "./self.ts";

/** The kernel settings that the data plane rests on, by their paths below /proc/sys. */
export function kernelSettings(plane: Plane, networks: readonly LocalNetwork[], self: Self): Map<string, string> {
  const settings = new Map<string, string>();
  if (networks.length === 0) return settings;
  settings.set("net/ipv4/ip_forward", "1");
  // A node that passes a container's packet back into the same bridge would tell it of a shorter way, which is none.
  // The kernel heeds the device's own setting only where this one is off.
  settings.set("net/ipv4/conf/all/send_redirects", "0");
  for (const { bridge, network } of networks) {
    const own = `net/ipv4/conf/${bridge}`;
    settings.set(`${own}/send_redirects`, "0");
    // Replies of one container may come in by any of its networks, and calls with a client's address over the ingress
    // network. 2 is what the kernel takes as "loose" where the setting for all devices is strict, 0 where it is off.
    settings.set(`${own}/rp_filter`, "2");
    if (network.ingress) settings.set(`${own}/route_localnet`, "1");
  }
  // Who may reach whom is also to hold between containers on one bridge: where that cannot be, here is who says so.
  if (!self.filtersBridges && [...plane.services.values()].some(service => service.restricted))
    settings.set("net/bridge/bridge-nf-call-iptables", "1");
  return settings;
}
