import { Fault } from "../../lib/fault.ts";

/** Where a Docker Engine listens, in the form that node:http and node:net take. */
export type Endpoint =
  | { readonly socketPath: string; readonly text: string }
  | { readonly host: string; readonly port: number; readonly text: string };

/** Docker's port without TLS. */
const defaultPort = 2375;

/** Reads `unix:///path`, `/path`, `tcp://host[:port]`; what `-H` takes. Faults invalid_argument. */
export function parseEndpoint(text: string): Endpoint {
  if (text.startsWith("/")) return { socketPath: text, text: `unix://${text}` };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "unix:" && url.host === "" && url.pathname.length > 1)
    return { socketPath: decodeURIComponent(url.pathname), text };
  if ((url?.protocol === "tcp:" || url?.protocol === "http:") && url.hostname !== "")
    return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) || defaultPort, text };
  throw new Fault("invalid_argument", `Cannot use engine "${text}": wanted unix:///PATH or tcp://HOST:PORT`);
}

/** What node:net's `connect` and node:http's `request` want of it. */
export function connectOptions(endpoint: Endpoint): { socketPath: string } | { host: string; port: number } {
  return "socketPath" in endpoint ? { socketPath: endpoint.socketPath } : { host: endpoint.host, port: endpoint.port };
}
