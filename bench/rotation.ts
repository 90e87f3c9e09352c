import { MixedSwarm } from "../test/lab/mixed-swarm.ts";
import { dockerCliUnavailableReason } from "../test/lab/requirements.ts";
import { rotateUnderScaling } from "../test/lab/rotation.ts";
import { type Report, settings } from "./lab/report.ts";

/** Seconds that a rotation may take. */
const limitSeconds = 60;

/**
 * The root CA of a swarm of managers, workers and stock Docker Engines, each a host of its own, is changed while services are
 * scaled up and down. Fails when a task was touched that was not scaled, or when it takes a minute.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const { rounds, ...nodes } = settings(args, { rounds: 3, managers: 3, workers: 5, engines: 2 });
  const reason = dockerCliUnavailableReason();
  if (reason) throw new Error(`cannot be measured here: ${reason}`);
  const swarm = await MixedSwarm.start(nodes);
  try {
    for (const engine of swarm.engines) await engine.dockerOk(...(await swarm.joining("worker")));
    for (let round = 1; round <= rounds; round += 1) {
      const { ms, scalings, kept, violations } = await rotateUnderScaling(swarm);
      report("root rotation", ms / 1000, "s", { round, ...nodes });
      report("services scaled meanwhile", scalings, "times", { round });
      report("tasks not scaled, and restarted", violations.length, "findings", { round, kept });
      if (violations.length > 0) throw new Error(violations.join("\n"));
      if (ms > limitSeconds * 1000) throw new Error(`took ${ms} ms`);
    }
  } finally {
    await swarm.dispose();
  }
}
