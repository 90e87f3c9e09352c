/** A chain of nftables. */
export interface Chain {
  /** Where in a packet's way it is called ("type nat hook prerouting priority -105"); undefined: only from other chains. */
  readonly hook?: string;
  readonly rules: readonly string[];
}

/** A named set or map. */
export interface NamedSet {
  readonly kind: "set" | "map";
  /** "ipv4_addr . inet_service", "ipv4_addr : verdict". */
  readonly type: string;
  readonly isInterval?: boolean;
  /** As nftables writes them; each once. */
  readonly elements: readonly string[];
}

/** A whole table of nftables, family inet. */
export interface Ruleset {
  readonly table: string;
  readonly chains: ReadonlyMap<string, Chain>;
  readonly sets: ReadonlyMap<string, NamedSet>;
}
