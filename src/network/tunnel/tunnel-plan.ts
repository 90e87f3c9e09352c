import { same } from "../../lib/same.ts";
import type { ActualPeer, ActualTunnel, Tunnel, TunnelChange, TunnelPeer } from "../../ports/tunnel-ops.ts";

/** WireGuard's REJECT_AFTER_TIME in seconds: keys that were agreed on longer ago than that are used no more. */
export const agreementSeconds = 180;

/** What leads from what there is to what is wanted. `now` in seconds since 1970. */
export function tunnelPlan(actual: ActualTunnel | undefined, wanted: Tunnel, now: number): TunnelChange[] {
  const changes: TunnelChange[] = [];
  const { privateKey, port, address, mtu } = wanted;
  if (!actual?.hasDevice) changes.push({ do: "add-device" });
  const isOther = actual?.privateKey !== privateKey || actual.port !== port;
  if (isOther) changes.push({ do: "set-key", privateKey, port });
  // Before there is a way to them: nothing waits for keys that are told already.
  changes.push(...peerChanges(isOther ? [] : actual.peers, wanted.peers, now));
  if (actual?.address !== address || actual.mtu !== mtu) changes.push({ do: "connect", address, mtu });
  return changes;
}

/** Peers that are wanted no more go first: another may be due to get their address. */
function peerChanges(actual: readonly ActualPeer[], wanted: readonly TunnelPeer[], now: number): TunnelChange[] {
  const there = new Map(actual.map(peer => [peer.key, peer]));
  const keep = new Set(wanted.map(({ key }) => key));
  const keys = [...there.keys()].filter(key => !keep.has(key));
  const peers = wanted
    .map(peer => withSecret(peer, there.get(peer.key)))
    .filter(peer => !isThere(there.get(peer.key), peer, now));
  return [
    ...(keys.length > 0 ? [{ do: "remove-peers", keys } as const] : []),
    ...(peers.length > 0 ? [{ do: "set-peers", peers } as const] : []),
  ];
}

/** A daemon that has not heard from the managers since it started has only what the device still knows. */
function withSecret(peer: TunnelPeer, there: ActualPeer | undefined): TunnelPeer {
  return { ...peer, presharedKey: peer.presharedKey || (there?.presharedKey ?? "") };
}

/** A peer that proves who it is from another address is answered there: its endpoint is its own affair while the keys hold. */
function isThere(actual: ActualPeer | undefined, wanted: TunnelPeer, now: number): boolean {
  if (!actual) return false;
  const { agreedAt, ...peer } = actual;
  const roams = now - agreedAt < agreementSeconds;
  return same(roams ? { ...peer, endpoint: wanted.endpoint } : peer, wanted);
}
