import type { ListeningSocket } from "../../ports/net-probes.ts";
import { mustRun } from "./program.ts";

/** All sockets that listen, by number: TCP, UDP (those that are connected to nobody) and SCTP, where the kernel has it. */
const listening = ["-H", "-n", "-l", "-t", "-u", "-S"];

/** Looking up the programs means looking at every process: only when there is one to be found. */
export async function listeningSockets(ports: ReadonlySet<number>): Promise<ListeningSocket[]> {
  if (ports.size === 0) return [];
  const isWanted = ({ port }: ListeningSocket): boolean => ports.has(port);
  if (!socketsIn(await mustRun("ss", listening)).some(isWanted)) return [];
  const found = socketsIn(await mustRun("ss", [...listening, "-p"])).filter(isWanted);
  // Several processes may listen on one port together (SO_REUSEPORT): one of them stands for all.
  const once = new Map(found.map(socket => [keyOf(socket), socket]));
  return [...once].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, socket]) => socket);
}

function keyOf({ protocol, port, address }: ListeningSocket): string {
  return `${protocol} ${String(port).padStart(5, "0")} ${address}`;
}

/** What `ss -H -n` lists: "tcp LISTEN 0 511 [::1]:80 [::]:* users:((\"nginx\",pid=312,fd=6))". */
export function socketsIn(text: string): ListeningSocket[] {
  return text.split("\n").flatMap(line => {
    const [protocol = "", , , , local = "", , ...rest] = line.trim().split(/\s+/);
    const [, address = "", port] = /^(.+):(\d+)$/.exec(local) ?? [];
    if (port === undefined || !isProtocol(protocol)) return [];
    return [{ protocol, port: Number(port), address: bare(address), program: programIn(rest.join(" ")) }];
  });
}

function isProtocol(word: string): word is ListeningSocket["protocol"] {
  return word === "tcp" || word === "udp" || word === "sctp";
}

/** Without brackets, and without the device that a socket is bound to. */
function bare(address: string): string {
  return address.replace(/^\[|\]$/g, "").replace(/[%\]].*$/, "");
}

function programIn(users: string): string {
  const [, name, pid] = /\(\("((?:[^"\\]|\\.)*)",pid=(\d+)/.exec(users) ?? [];
  return name === undefined ? "" : `${name} (process ${pid})`;
}
