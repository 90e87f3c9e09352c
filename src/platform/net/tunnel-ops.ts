import { existsSync } from "node:fs";
import { Fault } from "../../lib/fault.ts";
import type { ActualTunnel, TunnelChange, TunnelOps, TunnelPeer } from "../../ports/tunnel-ops.ts";
import { mustRun, runProgram } from "./program.ts";
import { namespaceFile, observeTunnel } from "./tunnel-observation.ts";

/**
 * WireGuard by the kernel where it has it, else by wireguard-go, whose device is there for as long as its process is. Devices are
 * made in this machine's own namespace, so that what is encrypted goes over its network, and moved into theirs.
 */
export const systemTunnelOps: TunnelOps = {
  async obstacle(): Promise<string | undefined> {
    if (!(await works("wg", "--version"))) return "wg is not installed (Debian: wireguard-tools)";
    if (await works("unshare", "--net", "ip", "link", "add", "probe", "type", "wireguard")) return undefined;
    if (!(await works("wireguard-go", "--version")))
      return "the kernel has no WireGuard, and wireguard-go is not installed";
    return (await works("test", "-c", tunDevice)) ? undefined : `the kernel has neither WireGuard nor ${tunDevice}`;
  },

  observe(name: string): Promise<ActualTunnel | undefined> {
    return observeTunnel(name);
  },

  async change(name: string, changes: readonly TunnelChange[]): Promise<void> {
    for (const change of changes) await makeChange(name, change);
  },

  async remove(name: string): Promise<void> {
    if (!existsSync(namespaceFile(name))) return;
    // What a crash has left where it was made. With its device wireguard-go ends.
    await attempt(isGone, "ip", "link", "delete", "dev", name);
    await attempt(isGone, "ip", "-n", name, "link", "delete", "dev", name);
    await attempt(isGone, "ip", "netns", "delete", name);
  },
};

/** Seconds. So a device that was made anew agrees on keys at once, and firewalls on the way remember where answers go. */
const keepalive = "PersistentKeepalive = 25\n";
const tunDevice = "/dev/net/tun";
const isGone = /Cannot find device|No such file|Cannot open network namespace/;
const isThere = /File exists/;
const isUnknownKind = /Unknown device type|Operation not supported/;

function makeChange(name: string, change: TunnelChange): Promise<void> {
  switch (change.do) {
    case "add-device":
      return addDevice(name);
    case "set-key":
      return configure(name, "setconf", interfaceText(change));
    case "set-peers":
      return configure(name, "addconf", change.peers.map(peerText).join(""));
    case "remove-peers":
      return removePeers(name, change.keys);
    case "connect":
      return connect(name, change);
    default:
      return change satisfies never;
  }
}

async function addDevice(name: string): Promise<void> {
  await attempt(isThere, "ip", "netns", "add", name);
  await attempt(isGone, "ip", "link", "delete", "dev", name);
  const { code, stderr } = await runProgram("ip", ["link", "add", name, "type", "wireguard"]);
  if (code !== 0 && !isUnknownKind.test(stderr))
    throw new Fault("internal", `ip link add ${name} type wireguard: ${stderr.trim()}`);
  if (code !== 0) await startProgram(name);
  await mustRun("ip", ["link", "set", "dev", name, "netns", name]);
}

/** In a session of its own: what ends this daemon's, does not end the tunnel. */
async function startProgram(name: string): Promise<void> {
  await mustRun("setsid", ["--wait", "wireguard-go", name]);
  // It goes on in the background, and finds its device only while that is where it was made: not before it answers.
  await mustRun("wg", ["show", name, "listen-port"]);
}

async function connect(
  name: string,
  { address, mtu }: { readonly address: string; readonly mtu: number },
): Promise<void> {
  const isV6 = address.includes(":");
  const ip = (...args: string[]): Promise<string> => mustRun("ip", ["-n", name, ...args]);
  await ip("address", "flush", "dev", name);
  await ip("address", "add", `${address}/${isV6 ? 128 : 32}`, "dev", name, ...(isV6 ? ["nodad"] : []));
  await ip("link", "set", "dev", name, "mtu", String(mtu), "up");
  await ip(isV6 ? "-6" : "-4", "route", "replace", "default", "dev", name);
}

/** By a pipe, for secrets are to be on no disk and in no command line; `cat` because wg cannot open the socket that Node gives it. */
async function configure(name: string, how: "setconf" | "addconf", text: string): Promise<void> {
  await mustRun("nsenter", [within(name), "sh", "-c", `cat | wg ${how} "$0" /dev/stdin`, name], text);
}

async function removePeers(name: string, keys: readonly string[]): Promise<void> {
  const args = keys.flatMap(key => ["peer", key, "remove"]);
  await mustRun("nsenter", [within(name), "wg", "set", name, ...args]);
}

function within(name: string): string {
  return `--net=${namespaceFile(name)}`;
}

function interfaceText({ privateKey, port }: { readonly privateKey: string; readonly port: number }): string {
  return `[Interface]\nPrivateKey = ${privateKey}\nListenPort = ${port}\n`;
}

function peerText({ key, presharedKey, endpoint, allowed }: TunnelPeer): string {
  const secret = presharedKey === "" ? "" : `PresharedKey = ${presharedKey}\n`;
  return `[Peer]\nPublicKey = ${key}\n${secret}Endpoint = ${endpoint}\nAllowedIPs = ${allowed}\n${keepalive}`;
}

async function works(program: string, ...args: string[]): Promise<boolean> {
  return runProgram(program, args).then(
    ({ code }) => code === 0,
    () => false,
  );
}

/** Fault internal with an error other than the `harmless` ones. */
async function attempt(harmless: RegExp, program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runProgram(program, args);
  if (code !== 0 && !harmless.test(stderr))
    throw new Fault("internal", `${program} ${args.join(" ")}: ${stderr.trim()}`);
}
