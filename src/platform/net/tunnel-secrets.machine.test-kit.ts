import { keyPairOf } from "../../network/tunnel/key-pair.ts";
import type { TunnelChange, TunnelPeer } from "../../ports/tunnel-ops.ts";
import { mustRun, runProgram } from "./program.ts";
import { namespaceFile } from "./tunnel-observation.ts";
import { systemTunnelOps } from "./tunnel-ops.ts";

/* Run as a program of its own in namespaces of its own, with a /run of its own: two ends of a tunnel over loopback, and who hears whom. */

interface End {
  readonly name: string;
  readonly privateKey: string;
  readonly port: number;
  readonly address: string;
}

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString("base64");
const one: End = { name: "swone", privateKey: keyOf(0x48), port: 7946, address: "10.9.9.1" };
const two: End = { name: "swtwo", privateKey: keyOf(0x50), port: 7947, address: "10.9.9.2" };

const keyChange = ({ privateKey, port }: End): TunnelChange => ({ do: "set-key", privateKey, port });

function peerChange(end: End, secret: number): TunnelChange {
  const { publicKey: key } = keyPairOf(end.privateKey);
  const endpoint = `127.0.0.1:${end.port}`;
  const peer: TunnelPeer = { key, presharedKey: keyOf(secret), endpoint, allowed: `${end.address}/32` };
  return { do: "set-peers", peers: [peer] };
}

/** How many of so many questions, 0.2 s apart, are answered within a second. */
async function heard(count: number): Promise<number> {
  const ping = ["ping", "-i", "0.2", "-c", String(count), "-W", "1", two.address];
  const { stdout } = await runProgram("nsenter", [`--net=${namespaceFile(one.name)}`, ...ping]);
  return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
}

async function eventuallyHeard(): Promise<boolean> {
  for (let tries = 0; tries < 30; tries += 1) if ((await heard(1)) === 1) return true;
  return false;
}

const seen: Record<string, unknown> = {};
await mustRun("ip", ["link", "set", "lo", "up"]);
for (const [own, other] of [[one, two] as const, [two, one] as const])
  await systemTunnelOps.change(own.name, [
    ...[{ do: "add-device" } as const, keyChange(own), peerChange(other, 1)],
    { do: "connect", address: own.address, mtu: 1_440 },
  ]);
seen["one secret"] = await eventuallyHeard();
await systemTunnelOps.change(one.name, [peerChange(two, 2)]);
seen["one end has another secret"] = await heard(5);
await systemTunnelOps.change(two.name, [peerChange(one, 2)]);
seen["both ends have it"] = await heard(5);
await systemTunnelOps.change(two.name, [keyChange(two), peerChange(one, 3)]);
await systemTunnelOps.change(one.name, [keyChange(one), peerChange(two, 2)]);
seen["two secrets from the beginning"] = await heard(5);
await systemTunnelOps.change(two.name, [peerChange(one, 2)]);
seen["one secret again"] = await eventuallyHeard();
for (const { name } of [one, two]) await systemTunnelOps.remove(name);
process.stdout.write(JSON.stringify(seen));
