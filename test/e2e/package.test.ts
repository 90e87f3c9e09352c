import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command, tryCommand } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { findProgram } from "../lab/requirements.ts";

const recipe = resolve(import.meta.dirname, "../../scripts/package.mjs");
const deploy = resolve(import.meta.dirname, "../../deploy");
const manifest = resolve(import.meta.dirname, "../../package.json");
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };

const missing = ["dpkg", "dpkg-deb", "git"].filter(name => !findProgram(name));
const reason = missing.length > 0 ? `not installed: ${missing.join(", ")}` : undefined;
const title = "the Debian package";
const address = "127.0.62.1";
/** Where dpkg looks for the programs it needs itself. */
const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const buildTimeoutMs = 170_000;

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const directory = mkdtempSync(join(tmpdir(), "shoal-deb-"));
  const root = join(directory, "root");
  const file = join(directory, `shoal_${version}_all.deb`);
  const at = (...parts: string[]): string => join(root, ...parts);

  /** dpkg on a root of its own, whose scripts are told so by DPKG_ROOT instead of a chroot. */
  const dpkg = (...args: string[]): Promise<string> => {
    const own = [`--root=${root}`, `--log=${join(directory, "dpkg.log")}`];
    const force = ["--force-not-root", "--force-depends", "--force-script-chrootless"];
    return command(["dpkg", ...own, ...force, ...args], { env });
  };

  const unit = (): string => at("usr/lib/systemd/system/shoald.service");
  const settings = (): string => at("etc/shoal/shoald.yml");

  /** A package of an earlier version: with another unit, other settings, and a file that there is not any more. */
  async function earlier(): Promise<string> {
    const stage = join(directory, "earlier");
    const built = join(directory, "earlier.deb");
    if (existsSync(built)) return built;
    mkdirSync(stage, { recursive: true });
    await command(["dpkg-deb", "--control", file, join(stage, "DEBIAN")]);
    const control = join(stage, "DEBIAN/control");
    writeFileSync(control, readFileSync(control, "utf8").replace(/^Version: .*$/m, `Version: ${version}~earlier`));
    rmSync(join(stage, "DEBIAN/md5sums"));
    const contents = {
      "usr/lib/systemd/system/shoald.service": "[Service]\n",
      "usr/lib/shoal/old.js": "",
      "etc/shoal/shoald.yml": "#log-level: info\n",
    };
    for (const [path, content] of Object.entries(contents)) {
      mkdirSync(dirname(join(stage, path)), { recursive: true });
      writeFileSync(join(stage, path), content);
    }
    await command(["dpkg-deb", "--root-owner-group", "--build", stage, built]);
    return built;
  }

  /**
   * What a maintainer script says to systemd where that runs: here it is made to seem so, for the script alone. What it is told is
   * written down and goes no further.
   */
  async function saidToSystemd(script: string, args: readonly string[]): Promise<string[]> {
    const bin = join(directory, "bin");
    const said = join(directory, "said");
    const scripts = join(directory, "scripts");
    mkdirSync(bin, { recursive: true });
    if (!existsSync(scripts)) await command(["dpkg-deb", "--control", file, scripts]);
    writeFileSync(said, "");
    for (const program of ["systemctl", "deb-systemd-invoke", "deb-systemd-helper"]) {
      writeFileSync(join(bin, program), `#!/bin/sh\necho "${program} $*" >> ${said}\n`);
      chmodSync(join(bin, program), 0o755);
    }
    const seen = "mount -t tmpfs none /run && mkdir -p /run/systemd/system";
    const within = `set -e; ${seen}; PATH=${bin}:$PATH exec sh ${join(scripts, script)} "$@"`;
    await command(["unshare", "--mount", "--propagation", "private", "sh", "-c", within, "sh", ...args]);
    return readFileSync(said, "utf8").split("\n").filter(Boolean);
  }

  beforeAll(async () => {
    for (const folder of ["updates", "info", "triggers"]) mkdirSync(at("var/lib/dpkg", folder), { recursive: true });
    writeFileSync(at("var/lib/dpkg/status"), "");
    await command([process.execPath, recipe, "--output", directory], { timeoutMs: buildTimeoutMs });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("says what it is and needs", async () => {
    const field = async (name: string) => (await command(["dpkg-deb", "--field", file, name])).trim();
    expect(await field("Version")).toBe(version);
    expect(await field("Architecture")).toBe("all");
    expect(await field("Depends")).toBe("nodejs (>= 20)");
    expect(await field("Recommends")).toContain("docker.io | docker-ce, nftables, iproute2");
  });

  it("has root's files alone, all dated as one commit, and nothing for developers", async () => {
    const rows = (await command(["dpkg-deb", "--contents", file])).trim().split("\n");
    const files = rows.map(row => row.split(/\s+/));
    expect(new Set(files.map(([, owner]) => owner))).toEqual(new Set(["root/root"]));
    expect(new Set(files.map(([, , , day, time]) => `${day} ${time}`)).size).toBe(1);
    const paths = files.map(words => words[5] ?? "");
    expect(paths.filter(path => /\.d\.ts$|\.map$|\.test\.js$|\/(vitest|typescript|vite|tsx)\//.test(path))).toEqual([]);
  });

  it("installs, and the installed daemon founds a swarm and runs a service", async () => {
    await dpkg("--install", file);
    expect(await dpkg("--verify", "shoal")).toBe("");
    expect((await command([at("usr/bin/shoald"), "--version"])).trim()).toBe(version);
    const flags = ["--config", at("etc/shoal/shoald.yml"), "--runtime", "embedded"];
    await using daemon = disposable(new Daemon({ address, hostname: "packed", program: at("usr/bin/shoald"), flags }));
    await daemon.start();
    const shoal = (...args: string[]) => command([at("usr/bin/shoal"), "-H", `unix://${daemon.socket}`, ...args]);
    await shoal("swarm", "init", "--listen-addr", address, "--advertise-addr", address);
    expect(await shoal("service", "create", "--name", "web", "shoal/sleep")).toContain("web: 1 of 1 running");
    expect(await shoal("node", "ls")).toContain("packed");
  });

  it("has a unit that systemd takes, which starts what is installed with the settings that are installed", async ctx => {
    const unit = readFileSync(at("usr/lib/systemd/system/shoald.service"), "utf8");
    const [, program = "", settings = ""] = /^ExecStart=(\S+) --config (\S+)$/m.exec(unit) ?? [];
    expect([existsSync(at(program)), existsSync(at(settings))]).toEqual([true, true]);
    if (!findProgram("systemd-analyze")) ctx.skip("systemd-analyze is not installed (Debian: systemd)");
    const here = join(directory, "shoald.service");
    writeFileSync(here, unit.replace(program, at(program)));
    const { stdout, stderr } = await tryCommand(["systemd-analyze", "verify", "--man=no", here]);
    expect(`${stdout}${stderr}`.split("\n").filter(line => line.includes("shoald.service:"))).toEqual([]);
  });

  it("gives settings that are valid when their comments are taken away", async () => {
    const example = readFileSync(at("etc/shoal/shoald.yml"), "utf8");
    const settings = join(directory, "all.yml");
    writeFileSync(settings, example.replace(/^#(?=\S)/gm, "").replace(/^#( {2}\S)/gm, "$1"));
    // The last thing that is read of the settings is the files of the certificates, which are not there.
    const run = [at("usr/bin/shoald"), "--config", settings, "--data-root", join(directory, "none")];
    const { code, stderr } = await tryCommand(run);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^shoald: .*\/etc\/shoal\/\w+\.pem/);
  });

  it("is upgraded: what was installed is replaced, what was set and made stays", async () => {
    await dpkg("--purge", "shoal");
    const before = await earlier();
    await dpkg("--install", before);
    expect(readFileSync(unit(), "utf8")).toBe("[Service]\n");
    expect(existsSync(at("usr/lib/shoal/old.js"))).toBe(true);
    writeFileSync(settings(), "log-level: debug\n");
    mkdirSync(at("var/lib/shoal/swarm"), { recursive: true });
    // Settings that both sides have changed: what dpkg does with nobody there to ask.
    await dpkg("--force-confdef", "--force-confold", "--install", file);
    expect(await dpkg("--status", "shoal")).toContain(`Status: install ok installed`);
    expect(await dpkg("--status", "shoal")).toContain(`Version: ${version}\n`);
    expect(readFileSync(unit(), "utf8")).toBe(readFileSync(resolve(deploy, "systemd/shoald.service"), "utf8"));
    expect(existsSync(at("usr/lib/shoal/old.js"))).toBe(false);
    expect((await command([at("usr/bin/shoald"), "--version"])).trim()).toBe(version);
    expect(readFileSync(settings(), "utf8")).toBe("log-level: debug\n");
    expect(readFileSync(`${settings()}.dpkg-dist`, "utf8")).toBe(
      readFileSync(resolve(deploy, "etc/shoald.yml"), "utf8"),
    );
    expect(existsSync(at("var/lib/shoal/swarm"))).toBe(true);
  });

  it("is upgraded with settings that nobody has touched to those of the new version", async () => {
    await dpkg("--purge", "shoal");
    await dpkg("--install", await earlier());
    await dpkg("--install", file);
    expect(readFileSync(settings(), "utf8")).toBe(readFileSync(resolve(deploy, "etc/shoald.yml"), "utf8"));
    expect(existsSync(`${settings()}.dpkg-dist`)).toBe(false);
  });

  it.skipIf(process.getuid?.() !== 0).each([
    ["prerm", "upgrade", "stop"],
    ["postinst", "configure", "start"],
    // An upgrade that is broken off, whose daemon was stopped already.
    ["postinst", "abort-upgrade", "start"],
    ["postinst", "triggered", undefined],
    ["postrm", "upgrade", undefined],
    ["prerm", "remove", "stop"],
    ["postrm", "remove", undefined],
  ])("%s %s: has systemd %s the daemon", async (script, action, expected) => {
    const said = (await saidToSystemd(script, [action, version])).filter(line => line.startsWith("deb-systemd-invoke"));
    expect(said).toEqual(expected ? [`deb-systemd-invoke ${expected} shoald.service`] : []);
  });

  it("leaves settings and state at removal, and nothing at purge", async () => {
    mkdirSync(at("var/lib/shoal/swarm"), { recursive: true });
    await dpkg("--remove", "shoal");
    expect(existsSync(at("usr/lib/shoal"))).toBe(false);
    expect([existsSync(at("etc/shoal/shoald.yml")), existsSync(at("var/lib/shoal/swarm"))]).toEqual([true, true]);
    await dpkg("--purge", "shoal");
    const left = readdirSync(root, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
    expect(left.map(entry => entry.parentPath).filter(path => !path.startsWith(at("var/lib/dpkg")))).toEqual([]);
    expect(existsSync(at("var/lib/shoal"))).toBe(false);
  });
});

/** A daemon that is taken down at the end of the block it is made in. */
function disposable(daemon: Daemon): Daemon & AsyncDisposable {
  return Object.assign(daemon, { [Symbol.asyncDispose]: () => daemon.dispose() });
}
