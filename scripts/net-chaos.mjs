// npm run net-chaos -- [--seed N] [--changes N] [--within MS]: changes the services and networks of three hosts in namespaces at random,
// kills nodes and leaders and damages what they have; after each change every node must have what the managers' state says. Needs root.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build, installPackages, root } from "./install.mjs";

const usage = "usage: npm run net-chaos -- [--seed N] [--changes N] [--within MS]";
const defaults = { seed: `${Math.floor(Math.random() * 2 ** 31)}`, changes: "300", within: "2000" };

function numbers() {
  try {
    const options = Object.fromEntries(Object.keys(defaults).map(name => [name, { type: "string" }]));
    const given = { ...defaults, ...parseArgs({ options }).values };
    if (Object.values(given).every(text => /^\d+$/.test(text)))
      return Object.fromEntries(Object.entries(given).map(([name, text]) => [name, Number(text)]));
  } catch {
    // Said below.
  }
  console.error(usage);
  process.exit(2);
}

const { seed, changes, within: withinMs } = numbers();
installPackages();
build();
const { register } = await import("tsx/esm/api");
register();
const load = path => import(pathToFileURL(join(root, "test", path)).href);
const { OverlaySwarm } = await load("lab/overlay-swarm.ts");
const { netChaos } = await load("net-chaos/chaos.ts");

console.log(`seed ${seed}, ${changes} changes`);
const swarm = await OverlaySwarm.start(3, 3);
let status = 1;
try {
  const say = line => console.log(line);
  const { tookMs, asked } = await netChaos({ swarm, seed, changes, withinMs, damages: true, say });
  const sorted = [...tookMs].sort((a, b) => a - b);
  const at = share => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  console.log(
    `${changes} changes and ${asked} names are well; equal after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms`,
  );
  status = 0;
} catch (error) {
  console.log(error.message);
} finally {
  await swarm.close();
}
process.exit(status);
