import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { quantile, type Report, settings } from "./lab/report.ts";

const loader = pathToFileURL(join(import.meta.dirname, "../node_modules/tsx/dist/loader.mjs")).href;
const program = join(import.meta.dirname, "lab/network-machine.ts");

/**
 * One node's data plane on this machine's kernel, in a network namespace: services with two tasks each on one overlay, made from
 * scratch, then one task after the other taken out of the maps. Needs root, nftables and iproute2.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const { services, changes, rounds } = settings(args, { services: 1_000, changes: 20, rounds: 3 });
  const whole: number[] = [];
  const single: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const argv = ["--net", "node", "--import", loader, program, String(services), String(changes)];
    const { status, stdout, stderr } = spawnSync("unshare", argv, { encoding: "utf8" });
    if (status !== 0) throw new Error(`the node's program failed: ${stderr.trim()}`);
    const measured = JSON.parse(stdout) as { wholeMs: number; changeMs: number[] };
    whole.push(measured.wholeMs);
    single.push(...measured.changeMs);
  }
  const params = { services, tasks: 2 * services, rounds };
  report("node programmed from scratch", quantile(whole, 0.5), "ms", params);
  report("one change, p50", quantile(single, 0.5), "ms", params);
  report("one change, p99", quantile(single, 0.99), "ms", params);
}
