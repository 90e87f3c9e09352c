import type { ActualTunnel, TunnelChange } from "../../ports/tunnel-ops.ts";
import type { PlaneNode } from "../../wire/gen/shoal/v1/network_pb.ts";
import { keyText } from "../tunnel/key-pair.ts";
import { agreementSeconds } from "../tunnel/tunnel-plan.ts";
import { tunnelPort } from "../tunnel/wanted-tunnel.ts";
import { error, type Finding } from "./finding.ts";

const subject = "the tunnel of encrypted networks";

/** What the changes that would have to be made to this node's tunnel say of how it is. */
export function tunnelFindings(changes: readonly TunnelChange[]): Finding[] {
  // What comes with a device is missing because that is.
  const said = changes[0]?.do === "add-device" ? changes.slice(0, 1) : changes;
  return said.map(change => error(subject, problemOf(change)));
}

/** The other nodes with which no keys hold. `away`: nodes that are known to be down. `now` in seconds since 1970. */
export function silentFindings(
  actual: ActualTunnel | undefined,
  nodes: Iterable<PlaneNode>,
  away: ReadonlySet<string>,
  now: number,
): Finding[] {
  const agreed = new Map(actual?.peers.map(({ key, agreedAt }) => [key, agreedAt]));
  return [...nodes].flatMap(({ id, hostname, wireguardKey }) => {
    const at = agreed.get(keyText(wireguardKey));
    if (at === undefined || away.has(id) || now - at < agreementSeconds) return [];
    const next = `let UDP port ${tunnelPort} through between the nodes, both ways (WireGuard)`;
    return [
      error(`path to ${hostname || id}`, "encrypted networks do not reach it: the two have agreed on no keys", next),
    ];
  });
}

function problemOf(change: TunnelChange): string {
  switch (change.do) {
    case "add-device":
      return "its device is missing";
    case "set-key":
      return "its device has another key or port than it ought to have";
    case "connect":
      return "its device is down, or has another address or MTU than it ought to have";
    case "set-peers":
      return `other nodes are missing or wrong in it: ${change.peers.length}`;
    case "remove-peers":
      return `nodes are in it that nothing needs: ${change.keys.length}`;
    default:
      return change satisfies never;
  }
}
