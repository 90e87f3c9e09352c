import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { asFault, Fault } from "../../lib/fault.ts";
import type { LinkChange, NetOps, NetPart, RulesContents } from "../../ports/net-ops.ts";
import { runBatches } from "./batch.ts";
import { watchChanges } from "./change-watch.ts";
import { passForwarding, unpassForwarding } from "./forward-pass.ts";
import { batchLines } from "./link-commands.ts";
import { observeAddresses, observeLinks, observeMtu } from "./link-observation.ts";
import { mustRun, runProgram } from "./program.ts";
import { rulesContents } from "./rules-contents.ts";
import { RulesTransactions } from "./rules-transactions.ts";

/** Is there when `br_netfilter` is. */
const bridgeFilter = "/proc/sys/net/bridge/bridge-nf-call-iptables";

const transactions = new RulesTransactions();

/** This machine's network, by the programs that every Linux system has for it. */
export const systemNetOps: NetOps = {
  async obstacle(): Promise<string | undefined> {
    if (process.platform !== "linux") return `it needs Linux, this is ${process.platform}`;
    if (process.getuid?.() !== 0) return "it needs root";
    for (const [program, ...args] of probes) {
      const refused = await mustRun(program ?? "", args).then(() => undefined, asFault);
      if (refused) return refused.message;
    }
    return undefined;
  },

  mtuOf: observeMtu,

  globalAddresses: observeAddresses,

  async canFilterBridges(): Promise<boolean> {
    if (!existsSync(bridgeFilter)) await runProgram("modprobe", ["--quiet", "br_netfilter"]).catch(() => {});
    return existsSync(bridgeFilter);
  },

  observe: observeLinks,

  change(changes: readonly LinkChange[]): Promise<void> {
    return runBatches(changes.flatMap(batchLines));
  },

  applyRules(commands: string): Promise<void> {
    return transactions.run(commands);
  },

  async contentsOfRules(table: string, signal?: AbortSignal): Promise<RulesContents | undefined> {
    const { code, stdout, stderr } = await runProgram("nft", ["-j", "list", "table", "inet", table], "", signal);
    if (code === 0) return rulesContents(stdout);
    if (stderr.includes("No such file or directory")) return undefined;
    throw new Fault("internal", `nft list table inet ${table}: ${stderr.trim()}`);
  },

  watch(prefixes: readonly string[], changed: (what: NetPart) => void, signal: AbortSignal): Promise<void> {
    return watchChanges(prefixes, transactions, changed, signal);
  },

  async setKernel(settings: ReadonlyMap<string, string>): Promise<void> {
    for (const [path, value] of settings) await setOne(path, value);
  },

  passForwarding,
  unpassForwarding,

  async forgetUdp(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      const family = address.includes(":") ? "ipv6" : "ipv4";
      const { code, stderr } = await runProgram("conntrack", ["-D", "-f", family, "-p", "udp", "-r", address]);
      // It ends with 1 when there was nothing to forget.
      if (code !== 0 && !stderr.includes("0 flow entries"))
        throw new Fault("internal", `conntrack -D -r ${address}: ${stderr.trim()}`);
    }
  },
};

const probes = [
  ["ip", "-V"],
  ["bridge", "-V"],
  ["nft", "list", "tables"],
  ["iptables", "-V"],
];

async function setOne(path: string, value: string): Promise<void> {
  const file = join("/proc/sys", path);
  try {
    if ((await readFile(file, "utf8")).trim() !== value) await writeFile(file, value);
  } catch (error) {
    throw new Fault("internal", `Cannot set ${path} to ${value}: ${asFault(error).message}`, { cause: error });
  }
}
