import { Fault } from "../../lib/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Backends, Forwarder } from "./forwarder.ts";
import { forwardTcp } from "./tcp-forwarder.ts";
import { forwardUdp } from "./udp-forwarder.ts";

/** Where a port is published. */
export interface Place {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  /** 0 for any free one. */
  readonly port: number;
}

/** Listens and forwards. Fault failed_precondition, with Docker's text, when the port cannot be had. */
export async function forward(place: Place, backends: Backends, clock: Clock): Promise<Forwarder> {
  const { protocol, address, port } = place;
  try {
    return protocol === "tcp"
      ? await forwardTcp(address, port, backends)
      : await forwardUdp(address, port, backends, clock);
  } catch (cause) {
    const taken = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
    const reason = taken ? "port is already allocated" : String(cause instanceof Error ? cause.message : cause);
    const what = `Bind for ${address}:${port}/${protocol} failed: ${reason}`;
    throw new Fault("failed_precondition", `driver failed programming external connectivity: ${what}`, { cause });
  }
}
