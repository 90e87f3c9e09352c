// npm run fuzz -- [--seed N] [--count N] [--from N]: sends mutated certificate requests, join tokens, RPCs, bytes and API requests to a live
// manager, prints what came of them, and fails when anything is wrong with that. The same seed and number are the same input.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build, installPackages, root } from "./install.mjs";

const usage = "usage: npm run fuzz -- [--seed N] [--count N] [--from N]";
const defaults = { count: "100000", from: "0" };

function numbers() {
  try {
    const options = Object.fromEntries(["seed", "count", "from"].map(name => [name, { type: "string" }]));
    const { values } = parseArgs({ options });
    const given = { seed: `${Math.floor(Math.random() * 2 ** 31)}`, ...defaults, ...values };
    if (Object.values(given).every(text => /^\d+$/.test(text)))
      return Object.fromEntries(Object.entries(given).map(([name, text]) => [name, Number(text)]));
  } catch {
    // Said below.
  }
  console.error(usage);
  process.exit(2);
}

const { seed, count, from: first } = numbers();
installPackages();
build();
const { register } = await import("tsx/esm/api");
register();
const { campaign, mib } = await import(pathToFileURL(join(root, "test", "fuzz", "campaign.ts")).href);

console.log(`seed ${seed}, ${count} inputs from number ${first}`);
const started = performance.now();
const address = `127.0.58.${2 + (process.pid % 250)}`;
const { tally, sizes } = await campaign({ seed, count, first, address, say: line => console.log(line) });
console.log(tally.lines().join("\n"));
const [before, after] = [sizes.at(0), sizes.at(-1)];
if (before && after)
  console.log(`in use ${mib(before.used)} → ${mib(after.used)}, resident ${mib(before.rss)} → ${mib(after.rss)}`);
console.log(`${tally.total} inputs in ${((performance.now() - started) / 1_000).toFixed()} s`);
for (const [text, { input, count: times }] of tally.findings)
  console.log(`FOUND ${times} times, first with --seed ${seed} --from ${input} --count 1: ${text}`);
process.exit(tally.findings.size === 0 ? 0 : 1);
