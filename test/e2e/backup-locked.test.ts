import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { createService, runningTasks } from "../lab/services.ts";
import { shoal, shoalOk } from "../lab/shoal.ts";

const keyFileOf = ({ directory }: Daemon): string =>
  readFileSync(join(directory, "data/swarm/certificates/swarm-node.key"), "utf8");
const stateOf = async (daemon: Daemon): Promise<string> =>
  ((await daemon.apiOk("GET", "/info")) as { Swarm: { LocalNodeState: string } }).Swarm.LocalNodeState;

describe("a backup of an autolocked swarm", () => {
  const flags = ["--runtime", "embedded"];
  const manager = new Daemon({ address: "127.0.41.1", hostname: "m1", flags });
  const fresh = new Daemon({ address: "127.0.41.2", hostname: "m2", flags });
  const passphrase = join(fresh.directory, "passphrase");
  const backup = join(fresh.directory, "swarm.backup");
  const sealed = ["--passphrase-file", passphrase];
  let key = "";

  beforeAll(async () => {
    writeFileSync(passphrase, "correct horse battery\n");
    await Promise.all([manager.start(), fresh.start()]);
    const { address } = manager.options;
    await shoalOk(manager, ["swarm", "init", "--autolock", "--listen-addr", address, "--advertise-addr", address]);
    await createService(manager, "web", { replicas: 1 });
    await runningTasks(manager, "web", 1);
    key = await shoalOk(manager, ["swarm", "unlock-key", "-q"]);
  });
  afterAll(() => Promise.all([manager, fresh].map(one => one.dispose())));

  it("is not taken of a manager that is locked", async () => {
    await manager.end();
    await manager.start();
    const { code, stderr } = await shoal(manager, ["manager", "backup", ...sealed, backup]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("Swarm is encrypted and needs to be unlocked")]);
    expect((await shoal(manager, ["swarm", "unlock"], { input: `${key}\n` })).code).toBe(0);
    await eventually("it is a manager again", async () => (await stateOf(manager)) === "active" || undefined);
  });

  it("goes on elsewhere, and locks its keys there with the same key", async () => {
    await shoalOk(manager, ["manager", "backup", ...sealed, backup]);
    await manager.dispose();
    const { address } = fresh.options;
    const at = ["--listen-addr", address, "--advertise-addr", address];
    await shoalOk(fresh, ["manager", "restore", ...sealed, ...at, backup]);
    expect(await shoalOk(fresh, ["swarm", "unlock-key", "-q"])).toBe(key);
    await eventually("its keys are locked", () => {
      const text = keyFileOf(fresh);
      return (text.includes("BEGIN ENCRYPTED PRIVATE KEY") && !text.includes("raft-dek-pending")) || undefined;
    });
    await runningTasks(fresh, "web", 1);
  });

  it("comes back locked from a restart, and is unlocked with that key", async () => {
    await fresh.end("SIGKILL");
    await fresh.start();
    expect(await stateOf(fresh)).toBe("locked");
    expect((await shoal(fresh, ["swarm", "unlock"], { input: `${key}\n` })).code).toBe(0);
    expect(await stateOf(fresh)).toBe("active");
    await runningTasks(fresh, "web", 1);
  });
});
