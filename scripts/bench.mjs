// npm run bench -- NAME [--json] [--SETTING N]…: runs bench/NAME.ts and prints what it reports.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, installPackages, root } from "./install.mjs";

const names = readdirSync(join(root, "bench"))
  .filter(name => name.endsWith(".ts"))
  .map(name => name.slice(0, -3));
const [name, ...rest] = process.argv.slice(2);
const json = rest.includes("--json");
if (!name || !names.includes(name)) {
  console.error(`usage: npm run bench -- NAME [--json] [--SETTING N]…, NAME one of: ${names.join(", ")}`);
  process.exit(2);
}
installPackages();
build();
const { register } = await import("tsx/esm/api");
register();
const bench = await import(pathToFileURL(join(root, "bench", `${name}.ts`)).href);
const report = (metric, value, unit, params = {}) => {
  if (json) console.log(JSON.stringify({ bench: name, metric, value, unit, params }));
  else {
    const shown = Number.isInteger(value) ? value : Number(value.toPrecision(4));
    const settings = Object.entries(params).map(([key, setting]) => `${key}=${setting}`);
    console.log(`${metric.padEnd(36)} ${String(shown).padStart(12)} ${unit.padEnd(8)} ${settings.join(" ")}`);
  }
};
await bench.run(
  report,
  rest.filter(flag => flag !== "--json"),
);
process.exit(0);
