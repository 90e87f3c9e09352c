/** An IP address of this machine. */
export interface HostAddress {
  readonly interface: string;
  readonly address: string;
  readonly isLoopback: boolean;
}

/** The door to this machine's own addresses. */
export interface HostAddresses {
  list(): readonly HostAddress[];
  /** The address this machine would send from to reach `host`; undefined when there is no route. */
  towards(host: string): Promise<string | undefined>;
}
