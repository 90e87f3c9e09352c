// npm run package [-- --output DIR]: a Debian package, by default in dist-package/. The same commit gives the same bytes
// (with the same npm and dpkg): files are sorted, owned by root, and dated as the commit.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, installPackages, root } from "./install.mjs";

/** Rooms of dist that nothing installed uses. */
const unused = new Set(["demo", "sim"]);
/** What a compiler or a debugger reads, and no daemon. */
const forDevelopers = /\.(d\.[cm]?ts|map|tsbuildinfo)$/;
/** Folders of a package that are left out: others have their own place in the lock file, and tests are not run. */
const notOwn = /^(node_modules|tests?)(\/|$)/;
const bytesPerKib = 1024;

const { name, version, type, license, engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Seconds since 1970 that all files are dated with. */
function sourceDate() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given) return Number(given);
  const said = execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" });
  return Number(said.trim());
}

/** Everything below a folder, parents before what is in them, in the order of their names. */
function* walk(directory) {
  const entries = readdirSync(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    yield { path, entry };
    if (entry.isDirectory()) yield* walk(path);
  }
}

/** The compiled program, without what the compiler left there of sources that are gone. */
function copyProgram(to) {
  const dist = join(root, "dist");
  const page = join(dist, "dashboard", "web");
  const isWanted = path => {
    const inside = relative(dist, path);
    if (unused.has(inside) || forDevelopers.test(path)) return false;
    const isBundled = path === page || path.startsWith(`${page}/`) || inside === "shoald.js";
    return isBundled || !path.endsWith(".js") || existsSync(join(root, "src", inside.replace(/js$/, "ts")));
  };
  cpSync(dist, join(to, "dist"), { recursive: true, filter: isWanted });
  cpSync(join(root, "bin"), join(to, "bin"), { recursive: true });
  const manifest = { name, version, type, license, engines };
  writeFileSync(join(to, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/**
 * The packages that the lock file has for production, from those installed here: what `npm ci --omit=dev` would give
 * (less their tests), without a registry. One with compiled code would make the Debian package one of this architecture, so it is refused.
 */
function copyPackages(to) {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  for (const [path, { dev, optional }] of Object.entries(packages)) {
    const from = join(root, path);
    if (path === "" || dev || (optional && !existsSync(from))) continue;
    const isOwn = file => !notOwn.test(relative(from, file)) && !forDevelopers.test(file);
    cpSync(from, join(to, path), { recursive: true, filter: isOwn });
  }
  for (const { path } of walk(join(to, "node_modules")))
    if (path.endsWith(".node")) throw new Error(`${path} is compiled code: the package could not be for all machines`);
}

function completion(shell) {
  return execFileSync(process.execPath, [join(root, "bin", "shoal"), "completion", shell], { encoding: "utf8" });
}

/** Writes a file and makes the folders above it. */
function put(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Lays out what is installed, below `stage` as below /. */
function layOut(stage) {
  const library = join(stage, "usr/lib/shoal");
  mkdirSync(library, { recursive: true });
  copyProgram(library);
  copyPackages(library);
  mkdirSync(join(stage, "usr/bin"));
  for (const program of ["shoald", "shoal"])
    symlinkSync(join("../lib/shoal/bin", program), join(stage, "usr/bin", program));
  const copies = {
    "deploy/systemd/shoald.service": "usr/lib/systemd/system/shoald.service",
    "deploy/etc/shoald.yml": "etc/shoal/shoald.yml",
    "deploy/grafana/shoal.json": "usr/share/shoal/grafana/shoal.json",
    "deploy/prometheus/alerts.yml": "usr/share/shoal/prometheus/alerts.yml",
    "CHANGELOG.md": "usr/share/doc/shoal/CHANGELOG.md",
    LICENSE: "usr/share/doc/shoal/copyright",
  };
  for (const guide of ["DAEMON", "OPERATIONS", "CLI", "COMPAT"])
    copies[`docs/${guide}.md`] = `usr/share/doc/shoal/${guide}.md`;
  for (const [from, to] of Object.entries(copies)) put(join(stage, to), readFileSync(join(root, from)));
  put(join(stage, "usr/share/bash-completion/completions/shoal"), completion("bash"));
  put(join(stage, "usr/share/fish/vendor_completions.d/shoal.fish"), completion("fish"));
}

/** The package's own files: what it is, its scripts, the settings that an upgrade leaves alone, and checksums. */
function describe(stage) {
  const files = [...walk(stage)].filter(({ entry }) => entry.isFile()).map(({ path }) => path);
  const contents = files.map(path => ({ path: relative(stage, path), data: readFileSync(path) }));
  const kib = contents.reduce((sum, { data }) => sum + Math.ceil(data.length / bytesPerKib), 0);
  const sums = contents
    .filter(({ path }) => !path.startsWith("etc/"))
    .map(({ path, data }) => `${createHash("md5").update(data).digest("hex")}  ${path}\n`);
  const debian = join(stage, "DEBIAN");
  const control = readFileSync(join(root, "deploy/debian/control"), "utf8");
  put(join(debian, "control"), control.replace("\n", `\nVersion: ${version}\nInstalled-Size: ${kib}\n`));
  put(join(debian, "conffiles"), "/etc/shoal/shoald.yml\n");
  put(join(debian, "md5sums"), sums.join(""));
  for (const script of ["postinst", "prerm", "postrm"])
    put(join(debian, script), readFileSync(join(root, "deploy/debian", script)));
}

/** Modes and times that do not depend on who builds, when and where. */
function settle(stage, date) {
  const programs = new Set(["shoal", "shoald", "postinst", "prerm", "postrm"]);
  for (const { path, entry } of walk(stage)) {
    const isProgram = entry.isDirectory() || (programs.has(entry.name) && /\/(bin|DEBIAN)$/.test(dirname(path)));
    if (!entry.isSymbolicLink()) chmodSync(path, isProgram ? 0o755 : 0o644);
    lutimesSync(path, date, date);
  }
  chmodSync(stage, 0o755);
}

const { values } = parseArgs({ options: { output: { type: "string", default: join(root, "dist-package") } } });
installPackages();
build();
const stage = mkdtempSync(join(tmpdir(), "shoal-package-"));
try {
  const date = sourceDate();
  layOut(stage);
  describe(stage);
  settle(stage, date);
  const file = join(resolve(values.output), `${name}_${version}_all.deb`);
  mkdirSync(dirname(file), { recursive: true });
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(date) };
  execFileSync("dpkg-deb", ["--root-owner-group", "-Zgzip", "--build", stage, file], { env, stdio: "pipe" });
  console.log(file);
} finally {
  rmSync(stage, { recursive: true });
}
