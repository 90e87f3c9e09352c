import { killStorm } from "../test/lab/kill-storm.ts";
import { Quorum } from "../test/lab/quorum.ts";
import { type Report, settings } from "./lab/report.ts";

/** Third byte of the loopback addresses. */
const base = 65;
/** Rounds between two reports of progress. */
const reportedRounds = 50;

/** kill -9 on random managers of five under load, again and again; fails when one answered write was lost or doubled. */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const { rounds, managers } = settings(args, { rounds: 1_000, managers: 5 });
  const quorum = await Quorum.start({ count: managers, base });
  const start = performance.now();
  try {
    const onRound = (round: number, answered: number): void => {
      if (round % reportedRounds === 0) report("writes answered so far", answered, "writes", { round });
    };
    const { kills, answered, violations } = await killStorm({ quorum, rounds, onRound });
    const params = { rounds, managers };
    report("managers killed", kills, "kills", params);
    report("writes answered", answered, "writes", params);
    report("time", (performance.now() - start) / 1000, "s", params);
    report("writes lost or doubled, managers that differ", violations.length, "findings", params);
    if (violations.length > 0) throw new Error(violations.join("\n"));
  } finally {
    await quorum.dispose();
  }
}
