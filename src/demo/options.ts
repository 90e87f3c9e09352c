import { parseArgs } from "node:util";

export interface DemoOptions {
  readonly managers: number;
  readonly workers: number;
  readonly runtime: "embedded" | "docker";
  /** Check everything, then stop. */
  readonly smoke: boolean;
  /** Leave the nodes' directories (state and logs) behind. */
  readonly keep: boolean;
}

/** SwarmKit's advice: more managers make a swarm slower, and hardly any safer. */
const mostManagers = 7;
/** Beyond this, loopback addresses and a laptop's memory run out. */
const mostWorkers = 50;

export const usage = `usage: npm start -- [--managers N] [--workers N] [--runtime embedded|docker] [--smoke] [--keep]

  --managers N    how many managers, of which fewer than half may fail (default 3)
  --workers N     how many workers beside the managers (default 2)
  --runtime KIND  embedded: tasks are processes, no Docker Engine needed (default); docker: containers on this machine's engine
  --smoke         check that everything works, then stop; exits 0 when it did
  --keep          leave the nodes' state and logs behind
`;

/** Reads the command line; a text for the user when there is something wrong with it. */
export function readOptions(argv: readonly string[]): DemoOptions | { readonly problem: string } {
  let values: { managers: string; workers: string; runtime: string; smoke: boolean; keep: boolean };
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        managers: { type: "string", default: "3" },
        workers: { type: "string", default: "2" },
        runtime: { type: "string", default: "embedded" },
        smoke: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  const managers = Number(values.managers);
  if (!Number.isInteger(managers) || managers < 1 || managers > mostManagers)
    return { problem: `--managers ${values.managers}: a number from 1 to ${mostManagers} is wanted` };
  const workers = Number(values.workers);
  if (!Number.isInteger(workers) || workers < 0 || workers > mostWorkers)
    return { problem: `--workers ${values.workers}: a number from 0 to ${mostWorkers} is wanted` };
  const { runtime } = values;
  if (runtime !== "embedded" && runtime !== "docker")
    return { problem: `--runtime ${runtime}: "embedded" or "docker" is wanted` };
  return { managers, workers, runtime, smoke: values.smoke, keep: values.keep };
}
