import { readFileSync } from "node:fs";
import { join as pathJoin } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCertificates } from "../../src/pki/chain.ts";
import { Cfssl } from "../lab/cfssl.ts";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { init, join, Managers, showsManagers } from "../lab/managers.ts";
import { ownStore } from "../lab/own-store.ts";
import { findProgram } from "../lab/requirements.ts";

const missing = ["docker", "cfssl"].filter(name => !findProgram(name));
const reason = missing.length > 0 ? `not installed: ${missing.join(", ")} (Debian: golang-cfssl)` : undefined;
const title = "an external CA, CFSSL's";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const daemons = new Managers("127.0.57");
  const cfssl = new Cfssl("127.0.57.100", 8888);
  let first: Daemon;
  let second: Daemon;
  let flag: string;

  beforeAll(async () => {
    await cfssl.prepare();
    flag = `protocol=cfssl,url=${cfssl.url},cacert=${cfssl.rootFile}`;
    [first, second] = [await daemons.start(1), await daemons.start(2)];
  });
  afterAll(async () => {
    await daemons.dispose();
    await cfssl.dispose();
  });

  const rootOf = (daemon: Daemon) => daemon.dockerOk("swarm", "ca");
  /** The node's own certificate, and those that it sends along. */
  const chainOf = ({ directory }: Daemon) =>
    readCertificates(readFileSync(pathJoin(directory, "data/swarm/certificates/swarm-node.crt"), "utf8"));
  const root = () => readCertificates(cfssl.rootPem)[0]!;
  const isOfCfssl = (daemon: Daemon) => chainOf(daemon)[0]!.verify(root().publicKey);
  const hasRootKey = async (daemon: Daemon) => {
    const { rootCa } = (await ownStore(daemon)).clusters[0]!;
    return rootCa!.caKey.length > 0;
  };
  const infoOf = (daemon: Daemon, format: string) => daemon.dockerOk("info", "--format", format);

  it("may be named when a swarm is founded, before it is there, and is shown", async () => {
    await init(first, "--external-ca", flag);
    await join(second, first, "worker");
    expect(await first.dockerOk("info")).toMatch(new RegExp(`External CAs:\\n\\s+cfssl: ${cfssl.url}`));
    const other = ["--external-ca", "protocol=x,url=https://y"];
    expect((await first.docker("swarm", "update", ...other)).stderr).toContain("unrecognized external CA protocol");
  });

  it("takes the root over while the swarm runs, and its key is nowhere in it then", async () => {
    await first.dockerOk("service", "create", "-q", "--name", "kept", "--replicas", "4", "shoal/sleep");
    const tasks = await first.dockerOk("service", "ps", "-q", "--no-trunc", "kept");
    const before = await rootOf(first);
    const rotate = ["swarm", "ca", "--rotate", "-q", "--ca-cert", cfssl.rootFile, "--external-ca", flag];
    const refused = await first.docker(...rotate);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("at least one valid, reachable external CA corresponding to the desired CA certificate"),
    ]);
    await cfssl.start(before);
    await first.dockerOk(...rotate);
    expect(await rootOf(first)).toBe(cfssl.rootPem.trim());
    expect([first, second].map(isOfCfssl)).toEqual([true, true]);
    expect(await hasRootKey(first)).toBe(false);
    expect(await first.dockerOk("service", "ps", "-q", "--no-trunc", "kept")).toBe(tasks);
  });

  it("signs for a node that changes its role", async () => {
    const before = chainOf(second)[0]!.serialNumber;
    await first.dockerOk("node", "promote", "n2");
    await showsManagers(first, { n1: "Leader", n2: "Reachable" });
    const [certificate] = chainOf(second);
    expect([isOfCfssl(second), certificate!.serialNumber === before]).toEqual([true, false]);
    expect(certificate!.toLegacyObject().subject).toMatchObject({ OU: "swarm-manager" });
    await first.dockerOk("node", "demote", "n2");
    await eventually(
      "it is a worker",
      async () => (await infoOf(second, "{{.Swarm.ControlAvailable}}")) === "false" || undefined,
    );
  });

  it("is waited for by a node that joins while it is down, which says so", async () => {
    await cfssl.stop();
    const third = await daemons.start(3);
    const joining = join(third, first, "worker");
    const said = await eventually("it says what it waits for", async () => {
      const error = await infoOf(third, "{{.Swarm.LocalNodeState}} {{.Swarm.Error}}");
      return error.startsWith("pending ") && error.includes(cfssl.url) ? error : undefined;
    });
    expect(said).toContain("ECONNREFUSED");
    await cfssl.start();
    await joining;
    expect([await infoOf(third, "{{.Swarm.LocalNodeState}}"), isOfCfssl(third)]).toEqual(["active", true]);
  });

  it("gives the root back: it vouches for a new one, whose key is the swarm's", async () => {
    await first.dockerOk("swarm", "ca", "--rotate", "-q");
    expect(await rootOf(first)).not.toBe(cfssl.rootPem.trim());
    expect([isOfCfssl(first), isOfCfssl(second)]).toEqual([false, false]);
    expect(chainOf(first)[1]?.verify(root().publicKey)).toBe(true);
    expect(await hasRootKey(first)).toBe(true);
    await cfssl.stop();
    await join(await daemons.start(4), first, "worker");
  });
});
