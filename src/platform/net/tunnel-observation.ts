import { existsSync } from "node:fs";
import type { ActualPeer, ActualTunnel } from "../../ports/tunnel-ops.ts";
import { mustRun, runProgram } from "./program.ts";

/* The parts of iproute2's JSON that are looked at. */

interface DeviceJson {
  readonly mtu?: number;
  readonly flags?: readonly string[];
  readonly addr_info?: readonly { readonly local?: string; readonly scope?: string }[];
}

interface RouteJson {
  readonly dev?: string;
}

/** Where iproute2 keeps a namespace that has a name. */
export function namespaceFile(name: string): string {
  return `/run/netns/${name}`;
}

/** The tunnel's namespace and device; undefined without the namespace. */
export async function observeTunnel(name: string): Promise<ActualTunnel | undefined> {
  if (!existsSync(namespaceFile(name))) return undefined;
  const none = { name, hasDevice: false, privateKey: "", port: 0, address: "", mtu: 0, peers: [] };
  const shown = await runProgram("ip", ["-n", name, "-j", "address", "show", "dev", name]);
  if (shown.code !== 0) return none;
  const [device] = JSON.parse(shown.stdout) as DeviceJson[];
  const address = device?.addr_info?.find(({ scope }) => scope === "global")?.local ?? "";
  const version = address.includes(":") ? "-6" : "-4";
  const [routes, dump] = await Promise.all([
    mustRun("ip", ["-n", name, "-j", version, "route", "show", "default"]),
    mustRun("nsenter", [`--net=${namespaceFile(name)}`, "wg", "show", name, "dump"]),
  ]);
  const leadsThere = (JSON.parse(routes.trim() || "[]") as RouteJson[]).some(({ dev }) => dev === name);
  const isConnected = leadsThere && device?.flags?.includes("UP");
  const connection = isConnected ? { address, mtu: device?.mtu ?? 0 } : {};
  return { ...none, ...dumped(dump), ...connection, hasDevice: true };
}

/** What `wg show NAME dump` says: the device's line, then one a peer, with tabs between what they hold. */
export function dumped(text: string): Pick<ActualTunnel, "privateKey" | "port" | "peers"> {
  const [own = "", ...others] = text.trimEnd().split("\n");
  const [privateKey = "", , port = "0"] = own.split("\t").map(orEmpty);
  const peers = others.map((line): ActualPeer => {
    const [key = "", presharedKey = "", endpoint = "", allowed = "", agreedAt = "0"] = line.split("\t").map(orEmpty);
    return { key, presharedKey, endpoint, allowed, agreedAt: Number(agreedAt) };
  });
  return { privateKey, port: Number(port), peers };
}

function orEmpty(field: string): string {
  return field === "(none)" ? "" : field;
}
