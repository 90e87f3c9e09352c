import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const programs = ["dockerd", "containerd", "runc", "ip", "unshare", "nsenter", "setpriv", "mount", "busybox", "tar"];
let known: { readonly reason: string | undefined } | undefined;

/** Where a program is on PATH (and in the places where Debian keeps root's), or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.map(folder => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why no Docker Engine of our own can be started in namespaces here; undefined when it can. */
export function dockerUnavailableReason(): string | undefined {
  known ??= { reason: findReason() };
  return known.reason;
}

/** Why tests that drive the stock docker CLI cannot run here; undefined when they can. */
export function dockerCliUnavailableReason(): string | undefined {
  return dockerUnavailableReason() ?? (findProgram("docker") ? undefined : "the docker CLI is not installed");
}

/** Why overlay networks between hosts of a lab cannot be tested here; undefined when they can. */
export function networksUnavailableReason(): string | undefined {
  const missing = ["nft", "bridge", "conntrack", "iptables"].filter(name => !findProgram(name));
  if (!findProgram("perl")) missing.push("perl");
  if (missing.length > 0)
    return `not installed: ${missing.join(", ")} (Debian: nftables iproute2 conntrack iptables perl)`;
  return dockerCliUnavailableReason();
}

/** Why encrypted networks between hosts of a lab cannot be tested here; undefined when they can. */
export function tunnelsUnavailableReason(): string | undefined {
  const missing = ["wg", "wireguard-go", "nsenter", "setsid", "ping", "pkill"].filter(name => !findProgram(name));
  if (missing.length > 0)
    return `not installed: ${missing.join(", ")} (Debian: wireguard-tools wireguard-go iputils-ping procps)`;
  if (!existsSync("/dev/net/tun")) return "no /dev/net/tun";
  return networksUnavailableReason();
}

function findReason(): string | undefined {
  if (process.platform !== "linux") return `needs Linux network namespaces, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "needs root for network namespaces and dockerd";
  const missing = programs.filter(name => !findProgram(name));
  if (missing.length > 0) return `not installed: ${missing.join(", ")} (Debian: docker.io iproute2 busybox-static)`;
  if (!existsSync("/sys/fs/cgroup")) return "no cgroups at /sys/fs/cgroup";
  try {
    execFileSync("unshare", ["--net", "--mount", "--pid", "--uts", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/run"], {
      stdio: "pipe",
      timeout: 10_000,
    });
  } catch (error) {
    return `namespaces cannot be made here: ${error instanceof Error ? error.message.trim() : String(error)}`;
  }
  return undefined;
}
