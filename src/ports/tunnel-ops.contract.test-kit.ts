import type { TunnelOps, TunnelPeer } from "./tunnel-ops.ts";

const name = "swkit";
const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString("base64");
/** In the form that WireGuard gives private keys. */
const privateKey = keyOf(0x48);
const peer = (byte: number, last: number): TunnelPeer => ({
  ...{ key: keyOf(byte), presharedKey: keyOf(byte + 100) },
  ...{ endpoint: `192.0.2.${last}:7946`, allowed: `192.0.2.${last}/32` },
});

/**
 * Does with a machine's WireGuard what a data plane does. The machine has 192.0.2.1. Gives what was seen after each step, as
 * plain values: every TunnelOps is to show the same.
 */
export async function exerciseTunnelOps(ops: TunnelOps): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  const note = async (step: string): Promise<void> => {
    const tunnel = await ops.observe(name);
    const peers = [...(tunnel?.peers ?? [])].sort((a, b) => (a.key < b.key ? -1 : 1));
    seen[step] = tunnel ? { ...tunnel, peers } : "nothing";
  };
  await ops.remove(name);
  await note("before");
  const connect = { do: "connect", address: "192.0.2.1", mtu: 1_440 } as const;
  await ops.change(name, [{ do: "add-device" }, { do: "set-key", privateKey, port: 7946 }]);
  await note("not connected");
  await ops.change(name, [{ do: "set-peers", peers: [peer(2, 2), peer(3, 3)] }, connect, connect]);
  await note("made");
  const changed: TunnelPeer = { ...peer(2, 4), presharedKey: keyOf(9) };
  await ops.change(name, [
    { do: "set-peers", peers: [changed] },
    { do: "remove-peers", keys: [keyOf(3)] },
    { do: "connect", address: "192.0.2.9", mtu: 1_400 },
  ]);
  await note("changed");
  await ops.change(name, [{ do: "set-key", privateKey: keyOf(0x50), port: 7947 }]);
  await note("with another key");
  await ops.remove(name);
  await ops.remove(name);
  await note("removed");
  return seen;
}
