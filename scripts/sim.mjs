// npm run sim -- [--swarm] [--seed N | --seeds A..B]: simulates quorums of managers, or with --swarm whole swarms, to which everything
// happens, one for each seed, and prints a line for each. A seed that fails prints the story of it, and always fails the same way.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { installPackages, root } from "./install.mjs";

const usage = "usage: npm run sim -- [--swarm] [--seed N | --seeds A..B] [--minutes M]";

function fail() {
  console.error(usage);
  process.exit(2);
}

function optionsOf() {
  try {
    const { values } = parseArgs({
      options: {
        swarm: { type: "boolean", default: false },
        seed: { type: "string" },
        seeds: { type: "string" },
        minutes: { type: "string" },
      },
    });
    return values;
  } catch {
    return fail();
  }
}

function seedsOf({ seed, seeds }) {
  const range = /^(\d+)\.\.(\d+)$/.exec(seeds ?? "");
  if (range) return { first: Number(range[1]), last: Number(range[2]) };
  if (seeds !== undefined || (seed !== undefined && !/^\d+$/.test(seed))) return fail();
  const first = seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(seed);
  return { first, last: seed === undefined ? first + 99 : first };
}

const options = optionsOf();
const minutes = Number(options.minutes ?? (options.swarm ? "3" : "0"));
if (!(minutes >= 0)) fail();
const { first, last } = seedsOf(options);
installPackages();
const { register } = await import("tsx/esm/api");
register();
const load = name => import(pathToFileURL(join(root, "src", "sim", name)).href);

async function quorums() {
  const { quorumSoak } = await load("quorum/soak.ts");
  return async seed => {
    const result = await quorumSoak({ seed, ...(minutes > 0 && { virtualMs: minutes * 60_000 }) });
    const { size, virtualMs, terms, entries, snapshots, operations, recoveryMs, done } = result;
    const acts = [...done.values()].reduce((sum, count) => sum + count, 0);
    const life = `${size} managers, ${(virtualMs / 1_000).toFixed(1)} s, ${acts} acts`;
    const work = `${terms} terms, ${entries} entries, ${snapshots} snapshots, ${operations} operations`;
    return `${life}, ${work}, recovered in ${recoveryMs.toFixed()} ms`;
  };
}

async function swarms() {
  const { soak, sizeOf } = await load("soak.ts");
  return async seed => {
    const { virtualMs, convergenceMs, done } = await soak({ seed, ...sizeOf(seed), virtualMinutes: minutes });
    const acts = [...done.values()].reduce((sum, count) => sum + count, 0);
    return `${(virtualMs / 1_000).toFixed(1)} s, ${acts} acts, as wanted after ${convergenceMs} ms`;
  };
}

const run = await (options.swarm ? swarms() : quorums());
const failed = [];
for (let seed = first; seed <= last; seed++) {
  const start = performance.now();
  try {
    console.log(`seed ${seed}: ${await run(seed)} (${(performance.now() - start).toFixed()} ms)`);
  } catch (error) {
    failed.push(seed);
    console.log(error.message);
  }
}
const kind = options.swarm ? "--swarm " : "";
if (failed.length === 0) console.log(`${last - first + 1} seeds are well: ${first}..${last}`);
else for (const seed of failed) console.log(`failed; npm run sim -- ${kind}--seed ${seed} replays it`);
process.exit(failed.length === 0 ? 0 : 1);
