import type { BridgeNetwork, Links } from "../ports/net-ops.ts";
import { allAddresses } from "./addresses.ts";
import { bridgesOf } from "./bridges.ts";
import { kernelSettings } from "./kernel-settings.ts";
import { linksOf } from "./links.ts";
import { type LocalNetwork, localNetworks } from "./local-networks.ts";
import { resolverAddress } from "./names.ts";
import type { Plane } from "./plane-state.ts";
import { rulesOf } from "./rules/plane-rules.ts";
import type { Ruleset } from "./rules/ruleset.ts";
import type { Self } from "./self.ts";

/** A node's whole data plane as it ought to be: a function of what the managers say, and of nothing else. */
export interface WantedPlane {
  readonly bridges: readonly BridgeNetwork[];
  readonly links: Links;
  readonly rules: Ruleset;
  readonly kernel: ReadonlyMap<string, string>;
  /** Addresses that new connections are sent to. */
  readonly targets: ReadonlySet<string>;
  /** Where names are answered: this node's addresses on its networks. */
  readonly nameServers: readonly string[];
}

/**
 * `leaving`: tasks of this node's that are about to be stopped; `astray`: addresses of containers whose questions for names are to be
 * led to this node.
 */
export function wantedPlane(
  plane: Plane,
  self: Self,
  leaving: ReadonlySet<string>,
  astray: readonly string[] = [],
): WantedPlane {
  const networks = localNetworks(plane, self);
  return {
    bridges: bridgesOf(networks),
    links: linksOf(plane, networks, self),
    rules: rulesOf(plane, networks, self, leaving, astray),
    kernel: kernelSettings(plane, networks, self),
    targets: targetsOf(plane, leaving),
    nameServers: nameServersOf(networks.filter(({ network }) => !network.ingress)),
  };
}

function targetsOf({ endpoints }: Plane, leaving: ReadonlySet<string>): Set<string> {
  const targets = new Set<string>();
  for (const { ready, taskId, attachments } of endpoints.values())
    if (ready && !leaving.has(taskId)) for (const address of allAddresses(attachments)) targets.add(address);
  return targets;
}

function nameServersOf(networks: readonly LocalNetwork[]): string[] {
  return networks.length === 0 ? [] : [...networks.flatMap(({ gateways }) => gateways), resolverAddress];
}
