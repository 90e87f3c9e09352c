import { Fault } from "../../lib/fault.ts";
import type { Reached } from "../../ports/net-probes.ts";
import { runProgram } from "./program.ts";

/** ICMP echo: its own header, and IPv4's or IPv6's, in bytes. */
const headerBytes = { 4: 28, 6: 48 } as const;
/** One may get lost on the way. */
const tries = "3";
const pauseSeconds = "0.2";
const patienceSeconds = "1";

/** By ping (Debian: iputils-ping): the kernel at the other end answers, whatever runs there. */
export async function reach(from: string, to: string, bytes: number): Promise<Reached> {
  const family = to.includes(":") ? 6 : 4;
  const size = String(Math.max(0, bytes - headerBytes[family]));
  const patience = ["-c", tries, "-i", pauseSeconds, "-W", patienceSeconds];
  const args = [`-${family}`, "-n", "-M", "do", "-I", from, "-s", size, ...patience, to];
  const { code, stdout, stderr } = await runProgram("ping", args);
  return reachedIn(code, stdout, stderr);
}

/** What ping says: status 0 with any answer, 1 without, 2 when it could not even try. */
export function reachedIn(code: number, stdout: string, stderr: string): Reached {
  const text = `${stdout}\n${stderr}`;
  if (code === 0) return { kind: "answered" };
  // "local error: message too long, mtu=1400", "Frag needed and DF set (mtu = 1400)", "Packet too big: mtu=1400"
  if (/message too long|frag needed|packet too big/i.test(text))
    return { kind: "too big", mtu: Number(/mtu\s*[=:]\s*(\d+)/i.exec(text)?.[1] ?? 0) };
  // A device that has no route there, or an address of this machine's that is gone, is no answer either.
  if (code === 1 || /unreachable|cannot assign|not permitted/i.test(text)) return { kind: "no answer" };
  throw new Fault("failed_precondition", `ping cannot be used: ${stderr.trim().split("\n")[0] ?? ""}`);
}
