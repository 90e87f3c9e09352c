import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command, tryCommand } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { findProgram } from "../lab/requirements.ts";

const recipe = resolve(import.meta.dirname, "../../scripts/package.mjs");
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
