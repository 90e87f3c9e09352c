/**
 * The door to this machine's WireGuard: one device, in a network namespace of its own that has the same name. Packets of what is
 * made within that namespace (`VxlanLink.namespace`) find no other way than the device. Real: `platform/net` (iproute2, wg,
 * wireguard-go); simulated: `sim/tunnel-ops.ts`. Every operation may be repeated and ends in the same state. Faults as in NetOps.
 */
export interface TunnelOps {
  /** Why this machine can have no tunnel ("wg is not installed"); undefined when it can. */
  obstacle(): Promise<string | undefined>;
  /** What there is; undefined when not even the namespace is. */
  observe(name: string): Promise<ActualTunnel | undefined>;
  /** Makes the changes in their order. */
  change(name: string, changes: readonly TunnelChange[]): Promise<void>;
  /** Removes the device, and the namespace with all that was made within it. */
  remove(name: string): Promise<void>;
}

export interface Tunnel {
  /** Of the device and of its namespace. */
  readonly name: string;
  /** Base64. Kept in memory and in the device alone. */
  readonly privateKey: string;
  /** UDP port for what is encrypted. */
  readonly port: number;
  /** This node's address in the tunnel, without a length. */
  readonly address: string;
  /** Bytes. */
  readonly mtu: number;
  readonly peers: readonly TunnelPeer[];
}

/** Another node at the tunnel's other end. */
export interface TunnelPeer {
  /** Public, base64. */
  readonly key: string;
  /** A secret that both ends have from the managers, base64; "" for none, or none known. */
  readonly presharedKey: string;
  /** Where what is encrypted goes: "192.0.2.2:7946", "[2001:db8::2]:7946". */
  readonly endpoint: string;
  /** The only address that is sent to it and taken from it, with its whole length: "192.0.2.2/32". */
  readonly allowed: string;
}

/** What is found: the parts that are missing are "", 0 or empty. */
export interface ActualTunnel extends Tunnel {
  readonly hasDevice: boolean;
  /** "" also while the device is down or nothing leads there, as the MTU is 0 then. */
  readonly address: string;
  readonly peers: readonly ActualPeer[];
}

export interface ActualPeer extends TunnelPeer {
  /** When the two ends last agreed on keys, in seconds since 1970; 0: never. */
  readonly agreedAt: number;
}

export type TunnelChange =
  /** The namespace and the device in it, empty. */
  | { readonly do: "add-device" }
  /** Takes the peers away. */
  | { readonly do: "set-key"; readonly privateKey: string; readonly port: number }
  /** Gives the device its address, and every route of the namespace. */
  | { readonly do: "connect"; readonly address: string; readonly mtu: number }
  | { readonly do: "set-peers"; readonly peers: readonly TunnelPeer[] }
  | { readonly do: "remove-peers"; readonly keys: readonly string[] };
