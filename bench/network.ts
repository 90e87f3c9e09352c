import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { OverlaySwarm } from "../test/lab/overlay-swarm.ts";
import { median, quantile, type Report, settings } from "./lab/report.ts";
import { type Mode, modes, Traffic, type Turn } from "./lab/traffic.ts";

const loader = pathToFileURL(join(import.meta.dirname, "../node_modules/tsx/dist/loader.mjs")).href;
const program = join(import.meta.dirname, "lab/network-machine.ts");

/** How long each way is used at a time, in seconds. */
const turnSeconds = 0.3;

/**
 * One node's data plane on this machine's kernel, in a network namespace: services with two tasks each on one overlay, made from
 * scratch, then one task after the other taken out of the maps. Needs root, nftables and iproute2.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const { turns, ...machine } = settings(args, { services: 1_000, changes: 20, rounds: 3, turns: 20 });
  programming(report, machine);
  if (turns > 0) await traffics(report, turns);
}

function programming(
  report: Report,
  { services, changes, rounds }: { services: number; changes: number; rounds: number },
): void {
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

/**
 * Every way in turns, and of each the median rate. What it has of the direct way is the median of the ratios to the direct turn that
 * came right before: what the machine does besides changes from one minute to the next. Beside it, what it has of it by the
 * processor time of both ends, all turns together.
 */
async function traffics(report: Report, turns: number): Promise<void> {
  const swarm = await OverlaySwarm.start(2);
  try {
    const traffic = await Traffic.prepare(swarm);
    for (const mode of Object.keys(modes) as Mode[]) {
      const measured = new Map(traffic.targets.map(target => [target, [] as Turn[]]));
      for (let turn = 0; turn < turns; turn += 1)
        for (const [target, all] of measured) all.push(await traffic.measure(mode, target, turnSeconds));
      for (const [{ place, way }, all] of measured) {
        const direct = [...measured].find(([other]) => other.place === place && other.way === "direct")?.[1] ?? [];
        const ratios = all.map((turn, at) => rateOf(turn) / rateOf(direct[at] ?? turn));
        const percentOfDirect = Math.round(100 * median(ratios));
        const byProcessorTime = Math.round((100 * perProcessor(all)) / perProcessor(direct));
        const rate = median(all.map(rateOf));
        const [value, unit] = mode === "bytes" ? [rate / 1e6, "MB/s"] : [rate, "1/s"];
        const load = loadavg()[0] ?? 0;
        report(`${mode}, ${way}, ${place}`, value, unit, { turns, percentOfDirect, byProcessorTime, load });
      }
    }
  } finally {
    await swarm.close();
  }
}

function rateOf({ count, seconds }: Turn): number {
  return count / seconds;
}

/** How much was done in a second of processor time. */
function perProcessor(turns: readonly Turn[]): number {
  const sum = (of: (turn: Turn) => number): number => turns.reduce((all, turn) => all + of(turn), 0);
  return sum(({ count }) => count) / sum(({ processorSeconds }) => processorSeconds);
}
