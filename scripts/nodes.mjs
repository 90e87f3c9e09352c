// Versions of Node that Shoal is tried with beside the one that runs, each from the npm registry.
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root, run } from "./install.mjs";

/** By major version: the oldest that is supported, and the later ones that Node supports for long. */
const known = { 20: "20.20.2", 22: "22.23.3", 24: "24.21.0" };
const majors = Object.keys(known);

/** The exact version that a major version or an exact one stands for; undefined when it is neither. */
export function versionOf(text) {
  return known[text] ?? (/^\d+\.\d+\.\d+$/.test(text) ? text : undefined);
}

/** The end of the supported range that the running Node is further from. */
export function otherVersion() {
  const running = Number(process.versions.node.split(".")[0]);
  return known[running < Number(majors.at(-1)) ? majors.at(-1) : majors[0]];
}

/** This process's environment, with that version of Node before all others; brings it when it is not here yet. */
export function environmentWith(version) {
  return { ...process.env, PATH: `${programsOf(version)}${delimiter}${process.env.PATH}` };
}

/** The folder with its `node`. Its package has the program alone and runs nothing while it is installed. */
function programsOf(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const cache = join(root, "node_modules", ".cache");
  const home = join(cache, `node-${version}`);
  if (!existsSync(home)) {
    console.error(`Installing Node ${version} …`);
    mkdirSync(cache, { recursive: true });
    // What an earlier try has left goes first: `run` ends this process when it fails.
    const draft = `${home}-draft`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft);
    const quiet = ["--no-save", "--no-package-lock", "--no-fund", "--no-audit", "--loglevel=error"];
    run("npm", ["install", "--ignore-scripts", ...quiet, "--prefix", draft, `${name}@${version}`]);
    renameSync(draft, home);
  }
  return join(home, "node_modules", name, "bin");
}
