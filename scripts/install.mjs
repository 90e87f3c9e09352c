// What every script needs first on a fresh clone: the packages of package-lock.json and a build that is not older than
// the sources. Plain Node, no packages: it runs before there are any.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..");

/** Runs a program in the project's folder and ends this process with its status when it fails. */
export function run(program, args, options = {}) {
  const { status, signal, error } = spawnSync(program, args, { cwd: root, stdio: "inherit", ...options });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? (signal ? 1 : 0));
}

/** Installs the locked packages when they are missing or the lock file has changed since. */
export function installPackages() {
  const mark = join(root, "node_modules", ".shoal-lock");
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  if (existsSync(mark) && readFileSync(mark, "utf8") === lock) return;
  console.error("Installing packages (npm ci) …");
  run("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"]);
  writeFileSync(mark, lock);
}

/** Time of the newest file in a folder that `wanted` takes. */
function newest(directory, wanted = () => true) {
  let time = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true }))
    if (entry.isFile() && wanted(entry)) time = Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  return time;
}

const page = join(root, "src", "dashboard", "web");
const common = ["tsconfig.json", "package-lock.json"];
const compiler = [...common, "tsconfig.build.json"];
const newestSource = () => newest(join(root, "src"), ({ parentPath }) => !parentPath.startsWith(page));

/** What is built, in this order: from which sources, and the file that tells when that was last. */
const products = [
  {
    stamp: join(root, "dist", ".tsbuildinfo"),
    changed: newestSource,
    settings: compiler,
    command: ["typescript/bin/tsc", "-p", "tsconfig.build.json"],
  },
  {
    stamp: join(root, "dist", "shoald.js"),
    changed: newestSource,
    settings: [...compiler, "scripts/bundle.config.mjs"],
    command: ["vite/bin/vite.js", "build", "--logLevel", "warn", "--config", "scripts/bundle.config.mjs"],
  },
  {
    stamp: join(root, "dist", "dashboard", "web", "index.html"),
    changed: () => newest(page),
    settings: common,
    command: ["vite/bin/vite.js", "build", "--logLevel", "warn", "--config", join(page, "vite.config.ts")],
  },
];

/** Compiles src to dist, the daemon to one file and the dashboard's page, where a source is newer than the last build. */
export function build() {
  const due = products.filter(({ stamp, changed, settings }) => {
    const sources = Math.max(changed(), ...settings.map(path => statSync(join(root, path)).mtimeMs));
    return !existsSync(stamp) || statSync(stamp).mtimeMs <= sources;
  });
  if (due.length > 0) console.error("Building …");
  for (const { command } of due) run(process.execPath, [join(root, "node_modules", command[0]), ...command.slice(1)]);
}
