import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CommandResult } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { createService, runningTasks } from "../lab/services.ts";

const program = resolve(import.meta.dirname, "../../bin/shoal");

/** Runs the `shoal` command against a daemon. */
function shoal(daemon: Daemon, ...args: string[]): Promise<CommandResult> {
  return new Promise(done => {
    execFile(program, ["-H", `unix://${daemon.socket}`, ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === "number" ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });
}

async function stateOf(daemon: Daemon): Promise<string> {
  return ((await daemon.apiOk("GET", "/info")) as { Swarm: { LocalNodeState: string } }).Swarm.LocalNodeState;
}

async function configNames(daemon: Daemon): Promise<ReadonlySet<string>> {
  const configs = (await daemon.apiOk("GET", "/configs")) as { Spec: { Name: string } }[];
  return new Set(configs.map(config => config.Spec.Name));
}

const createConfig = (daemon: Daemon, name: string) =>
  daemon.apiOk("POST", "/configs/create", { Name: name, Data: Buffer.from(name).toString("base64") });

/** Creates configs one after the other until told to stop; tells how many were answered. */
function keepWriting(daemon: Daemon): { readonly answered: () => number; readonly stop: () => Promise<void> } {
  let answered = 0;
  let stopped = false;
  const writing = (async () => {
    for (; !stopped; answered += 1) await createConfig(daemon, `during-${answered}`);
  })();
  const stop = async (): Promise<void> => {
    stopped = true;
    await writing;
  };
  return { answered: () => answered, stop };
}

describe("a backup", () => {
  const flags = ["--runtime", "embedded"];
  const manager = new Daemon({ address: "127.0.40.1", hostname: "m1", flags });
  const fresh = new Daemon({ address: "127.0.40.2", hostname: "m2", flags });
  const addressesOf = ({ options: { address } }: Daemon) => ({ ListenAddr: address, AdvertiseAddr: address });
  let files = "";
  let passphrase = "";
  let backup = "";
  let before = 0;
  let tokens: unknown;

  const restore = (file: string, secret = passphrase) => {
    const { address } = fresh.options;
    const at = ["--listen-addr", address, "--advertise-addr", address];
    return shoal(fresh, "manager", "restore", "--passphrase-file", secret, ...at, file);
  };
  const refusal = (reason: string) => ({
    code: 1,
    stderr: expect.stringContaining(`Error response from daemon: Cannot use the backup: ${reason}`),
  });
  const file = (name: string, content: Uint8Array | string): string => {
    writeFileSync(join(files, name), content);
    return join(files, name);
  };

  beforeAll(async () => {
    files = await mkdtemp(join(tmpdir(), "shoal-backup-"));
    passphrase = file("passphrase", "correct horse battery\n");
    backup = join(files, "swarm.backup");
    await Promise.all([manager.start(), fresh.start()]);
    await manager.apiOk("POST", "/swarm/init", addressesOf(manager));
    await createService(manager, "web", { replicas: 2 });
    await runningTasks(manager, "web", 2);
    tokens = ((await manager.apiOk("GET", "/swarm")) as { JoinTokens: unknown }).JoinTokens;
  });
  afterAll(async () => {
    await Promise.all([manager, fresh].map(one => one.dispose()));
    await rm(files, { recursive: true, force: true });
  });

  it("is taken while writes go on", async () => {
    const writer = keepWriting(manager);
    await expect.poll(writer.answered, { timeout: 30_000 }).toBeGreaterThan(50);
    before = writer.answered();
    const { code, stdout, stderr } = await shoal(manager, "manager", "backup", "--passphrase-file", passphrase, backup);
    const after = writer.answered();
    await writer.stop();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Backup written to ${backup}`);
    expect(after).toBeGreaterThan(before);
    const sealed = readFileSync(backup);
    expect(sealed.includes("during-1") || sealed.includes("PRIVATE KEY")).toBe(false);
  });

  it("is not restored from a file that is cut, altered, or of another passphrase, and nothing is written", async () => {
    const sealed = readFileSync(backup);
    const altered = Buffer.from(sealed);
    altered[Math.floor(sealed.length / 2)]! ^= 1;
    const cut = sealed.subarray(0, sealed.length - 100);
    expect(await restore(file("cut", cut))).toMatchObject(
      refusal(`it is cut short: ${cut.length} of ${sealed.length}`),
    );
    expect(await restore(file("altered", altered))).toMatchObject(refusal("it was altered after it was made"));
    expect(await restore(backup, file("wrong", "correct horse batteries"))).toMatchObject(
      refusal("the passphrase is wrong"),
    );
    expect(await restore(passphrase)).toMatchObject(refusal("it is no backup of Shoal's"));
    expect(await stateOf(fresh)).toBe("inactive");
    expect(await readdir(join(fresh.directory, "data"))).not.toContain("swarm");
  });

  it("is not restored on a node that is in a swarm", async () => {
    const { code, stderr } = await shoal(manager, "manager", "restore", "--passphrase-file", passphrase, backup);
    expect(code).toBe(1);
    expect(stderr).toContain("This node is already part of a swarm.");
  });

  it("brings back every object that was answered before it, on a machine that had nothing", async () => {
    await manager.dispose();
    const { code, stdout, stderr } = await restore(backup);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Swarm restored: current node \(\w{25}\) is now its only manager\.$/m);
    const names = await configNames(fresh);
    const missing = Array.from({ length: before }, (_, n) => `during-${n}`).filter(name => !names.has(name));
    expect(missing).toEqual([]);
    expect(((await fresh.apiOk("GET", "/swarm")) as { JoinTokens: unknown }).JoinTokens).toEqual(tokens);
    const nodes = (await fresh.apiOk("GET", "/nodes")) as { ManagerStatus?: { Leader?: boolean; Addr: string } }[];
    expect(nodes.map(node => node.ManagerStatus)).toEqual([
      { Leader: true, Reachability: "reachable", Addr: `${fresh.options.address}:2377` },
    ]);
  });

  it("goes on: takes writes, runs what was to run, and comes up again after a restart", async () => {
    await runningTasks(fresh, "web", 2);
    await createConfig(fresh, "after");
    await fresh.end("SIGKILL");
    await fresh.start();
    await expect.poll(() => stateOf(fresh), { timeout: 30_000 }).toBe("active");
    await expect.poll(() => configNames(fresh).catch(() => new Set()), { timeout: 30_000 }).toContain("after");
    await createConfig(fresh, "after-the-restart");
  });
});
