import type { NetOps } from "./net-ops.ts";
import type { NetProbes } from "./net-probes.ts";

const table = "shoal_kit";
const commands = [
  `add table inet ${table}`,
  `add chain inet ${table} one`,
  `add chain inet ${table} two`,
  `add map inet ${table} way { type ipv4_addr : verdict; }`,
  `add element inet ${table} way { 10.0.0.1 : goto one, 10.0.0.2 : goto two }`,
  `add rule inet ${table} one ip saddr 10.0.0.9 drop`,
  `add rule inet ${table} two meta l4proto tcp dnat ip to numgen inc mod 2 map { 0 : 10.0.0.5 . 80, 1 : 10.0.0.6 . 80 }`,
  "",
].join("\n");

/** Changes that somebody else may make behind our back, and what is to be seen of each. */
const tampered = [
  `flush chain inet ${table} one`,
  `add chain inet ${table} one\nadd rule inet ${table} one ip saddr 10.0.0.8 drop`,
  `delete element inet ${table} way { 10.0.0.2 }\nadd element inet ${table} way { 10.0.0.2 : goto one }`,
  `add set inet ${table} more { type ipv4_addr; }`,
];

/**
 * Looks at a machine on which TCP port 8080 is listened on at 127.0.0.1 and UDP port 8053 at all IPv4 addresses, and nothing else
 * near. Every NetProbes is to show the same.
 */
export async function exerciseNetProbes(probes: NetProbes, ops: NetOps): Promise<Readonly<Record<string, unknown>>> {
  const seen: Record<string, unknown> = {};
  const sockets = await probes.listeners(new Set([8080, 8053, 8081]));
  seen.listeners = sockets.map(({ program, ...rest }) => ({ ...rest, isKnown: program !== "" }));
  seen.others = await probes.listeners(new Set([8081]));
  seen.noRules = await probes.differingRules(table, commands);
  await ops.applyRules(commands);
  seen.sameRules = await probes.differingRules(table, commands);
  for (const [at, change] of tampered.entries()) {
    await ops.applyRules(`${change}\n`);
    seen[`tampered ${at}`] = await probes.differingRules(table, commands);
  }
  await ops.applyRules(`delete table inet ${table}\n`);
  await ops.setKernel(new Map([["net/ipv4/ip_forward", "1"]]));
  seen.kernel = [...(await probes.kernel(["net/ipv4/ip_forward", "net/ipv4/no_such_thing"]))];
  seen.near = await probes.reach("127.0.0.1", "127.0.0.2", 1_000);
  seen.big = await probes.reach("127.0.0.1", "127.0.0.2", 2_000);
  seen.nowhere = await probes.reach("127.0.0.1", "192.0.2.77", 1_000);
  seen.noNames = await probes.askName("127.0.0.3", new Uint8Array(12)).then(
    () => "an answer",
    (fault: { readonly code: string; readonly message: string }) => `${fault.code}: ${fault.message}`,
  );
  return seen;
}
