import { Demo } from "./demo.ts";
import { readOptions, usage } from "./options.ts";
import { Screen } from "./screen.ts";

/*
 * `npm start`: a swarm on this machine. The first Ctrl-C (or SIGTERM, or a terminal that closes) stops it in order, a
 * second one at once; either way nothing is left behind.
 */

const options = readOptions(process.argv.slice(2));
if ("problem" in options) {
  process.stderr.write(`${options.problem}\n${usage}`);
  process.exit(2);
}

const screen = new Screen(process.stdout);
const demo = new Demo(options, screen);
const stopping = new AbortController();
let signals = 0;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    signals += 1;
    if (signals === 1) screen.say("", "Stopping …");
    stopping.abort();
    if (signals === 2) void demo.stop(true).finally(() => process.exit(1));
  });
}

let problem: unknown;
try {
  await demo.run(stopping.signal);
} catch (error) {
  if (!stopping.signal.aborted) problem = error;
}
if (problem !== undefined) process.stderr.write(`${problem instanceof Error ? problem.message : problem}\n`);
await demo.stop(false);
if (options.smoke && stopping.signal.aborted) process.exit(1);
process.exit(problem === undefined ? 0 : 1);
