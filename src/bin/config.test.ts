import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

const directory = mkdtempSync(join(tmpdir(), "shoal-config-"));
const file = join(directory, "shoal.yml");
const env = { SHOAL_LOG_LEVEL: "warn", SHOAL_HOSTNAME: "from-env", SHOAL_LABEL: "rack=7,disk=ssd" };
const read = (...flags: string[]) => readConfig(flags, {}, "0.1.0");

afterAll(() => rmSync(directory, { recursive: true }));

describe("the daemon's settings", () => {
  it("have defaults", () => {
    expect(read()).toMatchObject({
      dataRoot: "/var/lib/shoal",
      hosts: ["unix:///run/shoal/shoal.sock"],
      runtime: "docker",
      engine: "unix:///var/run/docker.sock",
      labels: {},
      tls: undefined,
    });
  });

  it("come from flags before variables before the file", () => {
    writeFileSync(file, "log-level: error\nhostname: from-file\nlabel: {zone: a}\nruntime: embedded\n");
    const config = readConfig(["--config", file, "--hostname", "from-flag"], env, "0.1.0");
    expect(config).toMatchObject({ hostname: "from-flag", logLevel: "warn", runtime: "embedded" });
    expect(config.labels).toEqual({ rack: "7", disk: "ssd" });
    expect(read("--config", file).labels).toEqual({ zone: "a" });
  });

  it("repeat", () => {
    const flags = [
      "--label",
      "a=1",
      "--label",
      "b=x=y",
      "--generic-resource",
      "gpu=U1",
      "--generic-resource",
      "gpu=U2",
    ];
    const config = read(...flags, "--host", "unix:///tmp/a.sock", "--host", "tcp://127.0.0.1:2375");
    expect(config).toMatchObject({
      labels: { a: "1", b: "x=y" },
      genericResources: { gpu: ["U1", "U2"] },
      hosts: ["unix:///tmp/a.sock", "tcp://127.0.0.1:2375"],
    });
  });

  it.each([
    [["--label", "novalue"], 'label "novalue": it must be KEY=VALUE'],
    [["--host", "http://x"], 'Cannot use "http://x"'],
    [["--tlscert", "/a"], "belong together"],
    [["--tlsverify"], "--tlsverify needs --tlscacert, --tlscert and --tlskey"],
    [["--audit-log", "/a", "--audit-log-max-size", "0"], 'audit-log-max-size "0": it must be a number from 1'],
    [["--audit-log", "/a", "--audit-log-max-files", "few"], 'audit-log-max-files "few"'],
  ])("%j is refused", (flags, message) => expect(() => read(...flags)).toThrow(message));

  it("say where changing calls are noted, and how much of that is kept", () => {
    expect(read().audit).toBeUndefined();
    const [maxBytes, maxFiles] = [50 * 1024 * 1024, 5];
    expect(read("--audit-log", "/var/log/a").audit).toEqual({ path: "/var/log/a", maxBytes, maxFiles });
    const flags = ["--audit-log", "/a", "--audit-log-max-size", "1", "--audit-log-max-files", "2"];
    expect(read(...flags).audit).toEqual({ path: "/a", maxBytes: 1024 * 1024, maxFiles: 2 });
  });

  it("take TLS as dockerd spells it", () => {
    const flags = ["--tlsverify", "--tlscacert", "/ca", "--tlscert", "/cert", "--tlskey", "/key"];
    expect(read(...flags).tls).toEqual({ ca: "/ca", cert: "/cert", key: "/key" });
    expect(read("--group", "admins").group).toBe("admins");
  });

  it("refuse a file's unknown key", () => {
    writeFileSync(file, "lable: a=b\n");
    expect(() => read("--config", file)).toThrow('unknown setting "lable"');
  });

  it("refuse a file that is not there, or no YAML, and name it", () => {
    const missing = join(directory, "missing.yml");
    expect(() => read("--config", missing)).toThrow(`Cannot read "${missing}": ENOENT`);
    writeFileSync(file, "hostname: [a\n");
    expect(() => read("--config", file)).toThrow(`Cannot read "${file}": `);
  });
});
