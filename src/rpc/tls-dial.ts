import { once } from "node:events";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import { parseAddress } from "./address.ts";
import { classifyDialFailure, dialFault } from "./dial-failure.ts";
import { connectTimeoutMs } from "./limits.ts";

export interface DialOptions {
  /** HOST:PORT. */
  readonly address: string;
  readonly tls: ConnectionOptions;
  readonly clock: Clock;
  /** Breaks the attempt off, and what comes of it. */
  readonly signal: AbortSignal;
}

/**
 * A TLS connection on which `protocol` is spoken (ALPN, RFC 7301). Fault unimplemented when the other side does not know it, else
 * unavailable with the reason.
 */
export async function dialTls({ address, tls, clock, signal }: DialOptions, protocol: string): Promise<TLSSocket> {
  const { host, port } = parseAddress(address);
  const socket = connect({ ...tls, host, port, ALPNProtocols: [protocol] });
  socket.setNoDelay(true);
  const limit = new AbortController();
  const timer = clock.after(connectTimeoutMs, () => limit.abort());
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.any([limit.signal, signal]) });
  } catch (error) {
    socket.on("error", () => {});
    socket.destroy();
    if (limit.signal.aborted) throw dialFault(address, "timed out");
    const text = error instanceof Error ? error.message : String(error);
    if (/application protocol/i.test(text)) throw unknownThere(address, protocol);
    throw dialFault(address, classifyDialFailure(text), text);
  } finally {
    timer.cancel();
  }
  socket.on("error", () => {});
  if (socket.alpnProtocol === protocol) return socket;
  socket.destroy();
  throw unknownThere(address, protocol);
}

function unknownThere(address: string, protocol: string): Fault {
  return new Fault("unimplemented", `${address} does not speak ${protocol}`);
}
