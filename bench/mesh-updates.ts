import { loadavg } from "node:os";
import { meshUpdates } from "../test/lab/mesh-updates.ts";
import { OverlaySwarm } from "../test/lab/overlay-swarm.ts";
import { type Report, settings } from "./lab/report.ts";

const nodes = 3;

/**
 * Calls that are lost while a service is updated, a node drained and the service scaled: three hosts with an engine each, in
 * namespaces of this machine. Needs root and what overlay networks need.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const { updates } = settings(args, { updates: 20 });
  const swarm = await OverlaySwarm.start(nodes);
  try {
    const begin = performance.now();
    const say = (line: string): void => console.error(`${((performance.now() - begin) / 1_000).toFixed(1)} s ${line}`);
    const { calls, failures } = await meshUpdates(swarm, updates, say);
    for (const failure of failures) console.error(failure);
    const params = {
      updates,
      nodes,
      seconds: Math.round((performance.now() - begin) / 1_000),
      load: loadavg()[0] ?? 0,
    };
    report("calls", calls, "calls", params);
    report("calls lost", failures.length, "calls", params);
  } finally {
    await swarm.close();
  }
}
