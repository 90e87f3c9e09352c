import { readFileSync } from "node:fs";
import { join as pathJoin } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { init, join, Managers, showsManagers } from "../lab/managers.ts";
import { findProgram } from "../lab/requirements.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "autolock";
const lockedText = "Swarm is encrypted and needs to be unlocked before it can be used.";

const keyFileOf = ({ directory }: Daemon): string =>
  readFileSync(pathJoin(directory, "data/swarm/certificates/swarm-node.key"), "utf8");
const isLocked = (daemon: Daemon): boolean => keyFileOf(daemon).includes("BEGIN ENCRYPTED PRIVATE KEY");
/** Locked, and none of the keys that stood in clear in use any more. */
const isSettled = (daemon: Daemon): boolean => isLocked(daemon) && !keyFileOf(daemon).includes("raft-dek-pending");
const stateOf = (daemon: Daemon) => daemon.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}}");
const unlockKey = (daemon: Daemon, ...more: string[]) => daemon.dockerOk("swarm", "unlock-key", "-q", ...more);
const unlock = (daemon: Daemon, key: string) => daemon.dockerWith(`${key}\n`, "swarm", "unlock");

async function restart(daemon: Daemon, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
  await daemon.end(signal);
  await daemon.start();
}

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const managers = new Managers("127.0.44");
  let all: Daemon[];
  let first: Daemon;
  let third: Daemon;

  beforeAll(async () => {
    all = await managers.swarm(3);
    [first, third] = [all[0]!, all[2]!];
    await first.dockerOk("service", "create", "-q", "--name", "here", "--replicas", "3", "shoal/sleep");
  });
  afterAll(() => managers.dispose());

  const all3 = { n1: "Leader", n2: "Reachable", n3: "Reachable" };
  const areAll = (what: string, holds: (daemon: Daemon) => boolean) =>
    eventually(what, () => all.every(holds) || undefined, 30_000);

  it("locks the keys of every manager, and shows the key", async () => {
    expect((await third.docker("swarm", "unlock-key")).stderr).toContain("no unlock key is set");
    const before = all.map(keyFileOf);
    const { stdout } = await third.docker("swarm", "update", "--autolock=true");
    const key = /SWMKEY-1-[A-Za-z0-9+/]{43}/.exec(stdout)?.[0];
    expect(key).toBe(await unlockKey(third));
    await areAll("all keys are locked", isSettled);
    for (const [at, daemon] of all.entries())
      for (const line of before[at]!.split("\n").filter(text => text.length > 40))
        expect(keyFileOf(daemon)).not.toContain(line);
    const restarted = await third.docker("swarm", "unlock");
    expect([restarted.code, restarted.stderr]).toEqual([1, expect.stringContaining("swarm is not locked")]);
  });

  it("keeps a manager that restarts out until somebody unlocks it", async () => {
    const key = await unlockKey(first);
    await restart(third);
    expect(await stateOf(third)).toBe("locked");
    expect(await third.dockerOk("info")).toContain("Swarm: locked");
    for (const args of [
      ["node", "ls"],
      ["service", "ls"],
      ["swarm", "ca"],
      ["swarm", "join-token", "worker"],
    ]) {
      const { code, stderr } = await third.docker(...args);
      expect([args, code, stderr]).toEqual([args, 1, expect.stringContaining(lockedText)]);
    }
    const left = await third.docker("swarm", "leave");
    expect(left.stderr).toContain("Swarm is encrypted and locked. Please unlock it first or use `--force`");
    const wrong = await unlock(third, `SWMKEY-1-${"A".repeat(43)}`);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("invalid key provided")]);
    expect((await unlock(third, "SWMKEY-1-short")).stderr).toContain("invalid key string");
    expect(await stateOf(third)).toBe("locked");
    expect(await unlock(third, key)).toMatchObject({ code: 0 });
    expect(await stateOf(third)).toBe("active");
    await showsManagers(first, all3);
  });

  it("has a new key when one is asked for, and the old one opens nothing", async () => {
    const old = await unlockKey(first);
    const key = await unlockKey(first, "--rotate");
    expect(key).not.toBe(old);
    const versions = new Set(
      await eventually("all have it", () => {
        const found = all.map(daemon => /kek-version: (\d+)/.exec(keyFileOf(daemon))?.[1] ?? "");
        return new Set(found).size === 1 ? found : undefined;
      }),
    );
    expect(versions.size).toBe(1);
    await eventually("the old key is no good", async () => {
      await restart(third);
      const { stderr } = await unlock(third, old);
      return stderr.includes("invalid key provided") || undefined;
    });
    expect(await unlock(third, key)).toMatchObject({ code: 0 });
  });

  it("never writes a new manager's keys in clear", async () => {
    const key = await unlockKey(first);
    const fourth = await managers.start(4);
    await join(fourth, first, "manager");
    expect(isLocked(fourth)).toBe(true);
    const fifth = await managers.start(5);
    await join(fifth, first, "worker");
    expect(isLocked(fifth)).toBe(false);
    await first.dockerOk("node", "promote", "n5");
    await showsManagers(first, { ...all3, n4: "Reachable", n5: "Reachable" });
    expect(isLocked(fifth)).toBe(true);
    await restart(fifth, "SIGKILL");
    expect(await unlock(fifth, key)).toMatchObject({ code: 0 });
    await showsManagers(first, { ...all3, n4: "Reachable", n5: "Reachable" });
    await first.dockerOk("node", "demote", "n5");
    await eventually("a worker's key is in clear", () => !isLocked(fifth) || undefined);
  });

  it("ends, and restarts need no key then", async () => {
    await first.dockerOk("swarm", "update", "--autolock=false");
    await areAll("all keys are in clear", daemon => !isLocked(daemon));
    await restart(third, "SIGKILL");
    expect(await stateOf(third)).toBe("active");
    expect((await first.docker("swarm", "unlock-key")).stderr).toContain("no unlock key is set");
  });
});

describe.skipIf(reason)(reason ? `a swarm begun locked (skipped: ${reason})` : "a swarm begun locked", () => {
  const managers = new Managers("127.0.45");
  afterAll(() => managers.dispose());

  it("has its key from the first, through kills and the loss of a majority", async () => {
    const only = await managers.start(1);
    const said = await init(only, "--autolock");
    const key = /SWMKEY-1-[A-Za-z0-9+/]{43}/.exec(said)?.[0] ?? "";
    expect(isLocked(only)).toBe(true);
    await only.dockerOk("service", "create", "-q", "--name", "kept", "shoal/sleep");
    await restart(only, "SIGKILL");
    expect(await stateOf(only)).toBe("locked");
    const forced = await only.docker("swarm", "init", "--force-new-cluster");
    expect(forced.stderr).toContain(lockedText);
    expect(await unlock(only, key)).toMatchObject({ code: 0 });
    expect(await only.dockerOk("service", "ls", "--format", "{{.Name}}")).toBe("kept");
    await only.dockerOk("swarm", "init", "--force-new-cluster");
    expect(await only.dockerOk("service", "ls", "--format", "{{.Name}}")).toBe("kept");
    expect(isLocked(only)).toBe(true);
    await restart(only);
    await only.dockerOk("swarm", "leave", "--force");
    expect(await stateOf(only)).toBe("inactive");
  });
});
