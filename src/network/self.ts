/** What a node's data plane depends on besides what the managers say. */
export interface Self {
  readonly nodeId: string;
  /** The underlay address that VXLAN packets leave from: what other nodes know this one by. */
  readonly address: string;
  /** Largest packet of the underlay in bytes. */
  readonly underlayMtu: number;
  /** Rules can see what bridges pass on between their ports. */
  readonly filtersBridges: boolean;
}

/** What VXLAN adds to a packet, in bytes (RFC 7348): Ethernet 14, VXLAN 8, UDP 8, and IPv4 20 or IPv6 40. */
const vxlanBytes = { 4: 50, 6: 70 } as const;
/** What WireGuard adds: header and tag 32, UDP 8, and IPv4 20 or IPv6 40. */
const wireguardBytes = { 4: 60, 6: 80 } as const;

/** The largest packet inside a network, in bytes: what the user asked for, or what the underlay leaves. */
export function innerMtu(asked: number, encrypted: boolean, self: Self): number {
  const outer = encrypted ? tunnelMtu(self) : self.underlayMtu;
  return asked === 0 ? outer - vxlanBytes[versionOf(self)] : asked;
}

/** The largest packet inside the tunnel to other nodes, in bytes. */
export function tunnelMtu(self: Self): number {
  return self.underlayMtu - wireguardBytes[versionOf(self)];
}

function versionOf({ address }: Self): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}
