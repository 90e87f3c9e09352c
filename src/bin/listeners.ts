import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { HostListener, TcpSecurity } from "../docker-api/listener.ts";
import { Fault } from "../lib/fault.ts";
import type { DaemonConfig } from "./config.ts";

/** Where the API is to be served, with the TLS files read. Fault invalid_argument when TCP would be open to everyone. */
export function listeners(config: DaemonConfig): HostListener[] {
  const group = socketGroup(config.group);
  return config.hosts.map(host => {
    if (host.startsWith("unix://")) return { kind: "unix", path: host.slice("unix://".length), ...group };
    const at = host.lastIndexOf(":");
    return {
      kind: "tcp",
      host: host.slice("tcp://".length, at),
      port: Number(host.slice(at + 1)),
      security: security(config, host),
      names: [config.hostname, hostname()],
    };
  });
}

function security({ tls, insecure }: DaemonConfig, host: string): TcpSecurity {
  if (tls)
    return {
      kind: "mutual-tls",
      ca: readFileSync(tls.ca, "utf8"),
      certificate: readFileSync(tls.cert, "utf8"),
      key: readFileSync(tls.key, "utf8"),
    };
  if (insecure) return { kind: "insecure" };
  throw new Fault(
    "invalid_argument",
    `Cannot serve on "${host}": without --tlsverify, --tlscacert, --tlscert and --tlskey anyone who reaches it owns this machine; say --insecure if you want that`,
  );
}

/** The group that may use Docker's socket may use ours, unless another is named. Fault invalid_argument for none such. */
function socketGroup(named: string | undefined): { groupId?: number } {
  if (named === "" || (named === undefined && process.getuid?.() !== 0)) return {};
  const id = groupId(named ?? "docker");
  if (id !== undefined) return { groupId: id };
  if (named === undefined) return {};
  throw new Fault("invalid_argument", `Cannot give the socket to group "${named}": there is no such group`);
}

function groupId(name: string): number | undefined {
  try {
    const [, , id] = execFileSync("getent", ["group", name], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).split(":");
    return id ? Number(id) : undefined;
  } catch {
    return undefined;
  }
}
