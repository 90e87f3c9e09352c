/**
 * The doors for looking at this machine's network without changing it, beside `NetOps`. Real: `platform/net/net-probes.ts`
 * (ss, nft, iptables, ping); simulated: `sim/net-probes.ts`. Faults: failed_precondition when the machine cannot do it at all (a
 * program is missing), internal with the program's own text otherwise.
 */
export interface NetProbes {
  /** The sockets that listen on any of `ports`, whatever their protocol, in order of protocol, port and address. */
  listeners(ports: ReadonlySet<number>): Promise<readonly ListeningSocket[]>;
  /**
   * The chains and sets of a table (family inet) that are not what `commands` would make where nothing else is, in order
   * of their names. Every chain and set when there is no such table.
   */
  differingRules(table: string, commands: string): Promise<readonly RulesDifference[]>;
  /** What kernel settings (`net/ipv4/ip_forward`) are now; those that do not exist are left out. */
  kernel(paths: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Whether the engine's firewall lets pass what `NetOps.passForwarding` was to see to. */
  passesForwarding(chain: string, prefix: string): Promise<boolean>;
  /** Sends packets of `bytes` (headers included) that no router may cut up from one of this machine's addresses to another. */
  reach(from: string, to: string, bytes: number): Promise<Reached>;
  /** The answer of the name server at an address (port 53, UDP) to one DNS message. Fault unavailable when none comes in time. */
  askName(server: string, query: Uint8Array): Promise<Uint8Array>;
}

export interface ListeningSocket {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly port: number;
  /** "*" for all addresses of both IP versions, "0.0.0.0" and "::" for all of one. */
  readonly address: string;
  /** "nginx (process 312)"; "" when it cannot be told. */
  readonly program: string;
}

export interface RulesDifference {
  readonly kind: "chain" | "set";
  readonly name: string;
  readonly is: "missing" | "different" | "not wanted";
}

export type Reached =
  | { readonly kind: "answered" }
  /** `mtu` in bytes, as this machine or a router has said; 0 when neither has. */
  | { readonly kind: "too big"; readonly mtu: number }
  | { readonly kind: "no answer" };
