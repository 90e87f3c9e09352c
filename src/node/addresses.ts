import { Fault } from "../lib/fault.ts";
import type { HostAddress, HostAddresses } from "../ports/host-addresses.ts";

/** Where managers listen when nobody says otherwise. */
export const defaultClusterPort = 2377;

const badListen = "listen address must be an IP address or network interface (with optional port number)";
const badAdvertise = "advertise address must be a non-zero IP address or network interface (with optional port number)";
const noAddress = "could not find the system's IP address - specify one with --advertise-addr";

/** A node's addresses, HOST:PORT each. */
export interface NodeAddresses {
  readonly listen: string;
  readonly advertise: string;
}

/** What a user asked for: an address or an interface's name each, with or without port; "" for nothing. */
export interface AskedAddresses {
  readonly listen: string;
  readonly advertise: string;
  /** The manager to be joined; "" without one. */
  readonly remote: string;
}

/**
 * Decides where a node listens and what it tells others, by Docker's rules: an address or an interface's name, with or
 * without port; what is not said is taken from the other, else from the machine.
 */
export async function chooseAddresses(asked: AskedAddresses, host: HostAddresses): Promise<NodeAddresses> {
  const listen = resolve(asked.listen || "0.0.0.0", defaultClusterPort, host.list(), badListen);
  if (asked.advertise !== "") {
    const advertise = resolve(asked.advertise, listen.port, host.list(), badAdvertise);
    if (isUnspecified(advertise.host)) throw new Fault("invalid_argument", badAdvertise);
    return { listen: join(listen), advertise: join(advertise) };
  }
  const chosen = isUnspecified(listen.host) ? await pick(asked.remote, host) : listen.host;
  return { listen: join(listen), advertise: join({ host: chosen, port: listen.port }) };
}

/** Splits HOST:PORT, HOST, [V6]:PORT or a bare V6 address. */
export function splitAddress(text: string, defaultPort: number): { host: string; port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text);
  const bare = !match && /^[0-9a-fA-F:.]+$/.test(text) ? text : undefined;
  const host = bare ?? match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  return host && port <= 65535 ? { host, port } : undefined;
}

export function join({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether an address to listen on names no one in particular. */
export function isEverywhere(listen: string): boolean {
  return listen === "" || isUnspecified(splitAddress(listen, defaultClusterPort)?.host ?? "");
}

/** An address, or an interface's first one. Fault invalid_argument with the text `bad`. */
export function resolve(text: string, defaultPort: number, machine: readonly HostAddress[], bad: string) {
  const split = splitAddress(text, defaultPort);
  if (!split) throw new Fault("invalid_argument", bad);
  if (isIp(split.host)) return split;
  const own = machine.filter(address => address.interface === split.host);
  const found = own.find(({ address }) => !address.includes(":")) ?? own[0];
  if (!found) throw new Fault("invalid_argument", bad);
  return { host: found.address, port: split.port };
}

async function pick(remote: string, host: HostAddresses): Promise<string> {
  const towards = remote && (await host.towards(splitAddress(remote, defaultClusterPort)?.host ?? remote));
  if (towards) return towards;
  const outside = host.list().filter(address => !address.isLoopback && !isContainerBridge(address.interface));
  const v4 = outside.filter(({ address }) => !address.includes(":"));
  const [first, second] = v4.length > 0 ? v4 : outside;
  if (!first) throw new Fault("invalid_argument", noAddress);
  if (second) throw new Fault("invalid_argument", ambiguous(first, second));
  return first.address;
}

function ambiguous(first: HostAddress, second: HostAddress): string {
  return first.interface === second.interface
    ? `could not choose an IP address to advertise since this system has multiple addresses on interface ${first.interface} (${first.address} and ${second.address}) - specify one with --advertise-addr`
    : `could not choose an IP address to advertise since this system has multiple addresses on different interfaces (${first.address} on ${first.interface} and ${second.address} on ${second.interface}) - specify one with --advertise-addr`;
}

const isContainerBridge = (name: string): boolean => /^(docker|br-|veth|cni|vx-)/.test(name);
export const isUnspecified = (host: string): boolean => host === "0.0.0.0" || host === "::";
export const isIp = (host: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(":");
