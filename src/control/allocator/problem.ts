/** Why something cannot be given now. */
export interface Problem {
  readonly lacks: "a network" | "an address" | "a published port";
  /** The reason; "" for what passes in a moment. */
  readonly text: string;
  /** What may change that: a word that `Backlog.wake` is called with when it happens. */
  readonly until: string;
}

/** What things wait for. */
export const until = {
  /** An address of the network is free. */
  addresses: (networkId: string): string => `addresses ${networkId}`,
  /** One certain address of the network is free. */
  askedAddresses: (networkId: string): string => `asked addresses ${networkId}`,
  /** The network is there and allocated. */
  network: (networkId: string): string => `network ${networkId}`,
  /** There is an ingress network, and it is allocated. */
  ingress: "ingress",
  /** The service has its endpoint, or another reason for having none. */
  service: (serviceId: string): string => `service ${serviceId}`,
  /** A published port is free. */
  ports: "ports",
  /** A subnet or a VXLAN id is free. */
  subnets: "subnets",
} as const;

export function isProblem(result: object): result is Problem {
  return "lacks" in result;
}
