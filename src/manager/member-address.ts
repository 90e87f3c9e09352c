import { Fault } from "../lib/fault.ts";
import { formatAddress, parseAddress } from "../rpc/address.ts";

/** Hosts that say "any of mine" (SwarmKit asks for nothing else to be replaced). */
const UNSPECIFIED: ReadonlySet<string> = new Set(["0.0.0.0", "::", "0:0:0:0:0:0:0:0"]);

/**
 * Where other managers reach one that says of itself that it listens on `stated`, and whose call came from the IP address
 * `peerAddress`. Fault invalid_argument for what is not HOST:PORT or has a port that nobody can dial.
 */
export function memberAddress(stated: string, peerAddress: string): string {
  const { host, port } = parseAddress(stated);
  if (port === 0) throw new Fault("invalid_argument", `Cannot use address "${stated}": port 0 is nowhere`);
  if (!UNSPECIFIED.has(host)) return stated;
  if (peerAddress === "")
    throw new Fault("invalid_argument", `Cannot use address "${stated}": it is not known where the call came from`);
  return formatAddress(peerAddress, port);
}
