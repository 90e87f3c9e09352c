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

function newest(directory) {
  let time = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) time = Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  return time;
}

/** Compiles src to dist when a source is newer than the last build. */
export function build() {
  const stamp = join(root, "dist", ".tsbuildinfo");
  const inputs = [join(root, "tsconfig.json"), join(root, "tsconfig.build.json"), join(root, "package-lock.json")];
  const changed = Math.max(newest(join(root, "src")), ...inputs.map(path => statSync(path).mtimeMs));
  if (existsSync(stamp) && statSync(stamp).mtimeMs > changed) return;
  console.error("Building …");
  run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"]);
}
