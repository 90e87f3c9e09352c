/** Answers one DNS message, or undefined for none. `from`: IP address of who asks. */
export type NameHandler = (query: Uint8Array, from: string, overTcp: boolean) => Promise<Uint8Array | undefined>;

/** The door to the network for DNS messages, which it carries without looking into them. */
export interface NameSockets {
  /**
   * Listens on port 53 of these addresses by UDP and TCP, and on no other any more. Those that can be listened on are,
   * whatever becomes of the others: then a Fault with the first reason.
   */
  listen(addresses: readonly string[], handler: NameHandler): Promise<void>;
  /** The answer of one of this machine's own name servers. Fault unavailable when none answers in time. */
  ask(query: Uint8Array, overTcp: boolean): Promise<Uint8Array>;
  close(): Promise<void>;
}
