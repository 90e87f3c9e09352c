import { readFileSync, writeFileSync } from "node:fs";
import { join as pathJoin } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RootCa } from "../../src/pki/root-ca.ts";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { join, killLeader, leaderAndOthers, Managers, ownAddress, showsManagers } from "../lab/managers.ts";
import { findProgram } from "../lab/requirements.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "the swarm's root CA";
const roles = { n1: "Leader", n2: "Reachable", n3: "Reachable", n4: "", n5: "" };

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const daemons = new Managers("127.0.46");
  let managers: Daemon[];
  let workers: Daemon[];
  let first: Daemon;

  beforeAll(async () => {
    managers = await daemons.swarm(3);
    first = managers[0]!;
    workers = [await daemons.start(4), await daemons.start(5)];
    for (const worker of workers) await join(worker, first, "worker");
    await first.dockerOk("service", "create", "-q", "--name", "kept", "--replicas", "10", "shoal/sleep");
  });
  afterAll(() => daemons.dispose());

  const all = () => [...managers, ...workers];
  const rootOf = (daemon: Daemon) => daemon.dockerOk("swarm", "ca");
  const inFile = ({ directory }: Daemon, name: string) =>
    readFileSync(pathJoin(directory, "data/swarm/certificates", name), "utf8").trim();
  /** Every container there has been: a task that was restarted would add one. */
  const tasksOf = (daemon: Daemon) =>
    daemon.dockerOk("service", "ps", "--no-trunc", "--format", "{{.ID}} {{.DesiredState}}", "kept");
  const tlsStatus = (daemon: Daemon) => daemon.dockerOk("node", "ls", "--format", "{{.Hostname}} {{.TLSStatus}}");
  const isRotating = async (daemon: Daemon) =>
    (await daemon.dockerOk("info", "--format", "{{.Swarm.Cluster.RootRotationInProgress}}")) === "true";

  /** Nodes trust it, tasks run as they did, and only its tokens let nodes in. */
  async function isEverywhere(root: string, tasks: string, asked = first): Promise<void> {
    expect(await rootOf(asked)).toBe(root);
    for (const daemon of all()) expect(inFile(daemon, "swarm-root-ca.crt")).toBe(root);
    expect(new Set((await tlsStatus(asked)).split("\n").map(line => line.split(" ")[1]))).toEqual(new Set(["Ready"]));
    expect(await tasksOf(asked)).toBe(tasks);
    expect(tasks.split("\n").length).toBe(10);
  }

  it("is changed while everything runs, with new tokens, and the CLI sees it through", async () => {
    const tasks = await tasksOf(first);
    const before = await rootOf(first);
    const oldToken = await first.dockerOk("swarm", "join-token", "-q", "worker");
    const started = Date.now();
    const { code, stdout } = await first.docker("swarm", "ca", "--rotate");
    expect(code).toBe(0);
    expect(Date.now() - started).toBeLessThan(60_000);
    expect(stdout).toContain("desired root digest:");
    const root = await rootOf(first);
    expect(root).not.toBe(before);
    expect(stdout).toContain(root);
    await isEverywhere(root, tasks);
    const sixth = await daemons.start(6);
    const refused = await sixth.docker("swarm", "join", ...ownAddress(sixth), "--token", oldToken, "127.0.46.1:2377");
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("does not match fingerprint")]);
    await join(sixth, first, "worker");
    await sixth.dockerOk("swarm", "leave");
    await eventually("it is shown as gone", async () => {
      const shown = await first.dockerOk("node", "ls", "--format", "{{.Hostname}} {{.Status}}");
      return shown.includes("n6 Down") || undefined;
    });
    await first.dockerOk("node", "rm", "n6");
  });

  it("is one that is given, and nothing else that is", async () => {
    const tasks = await tasksOf(first);
    const [mine, other] = [await RootCa.create(Date.now()), await RootCa.create(Date.now())];
    const file = (name: string, text: string): string => {
      const path = pathJoin(first.directory, name);
      writeFileSync(path, text);
      return path;
    };
    const certificate = ["--ca-cert", file("mine.crt", mine.certificatePem)];
    const wrong = await first.docker(
      "swarm",
      "ca",
      "--rotate",
      ...certificate,
      "--ca-key",
      file("o.key", other.keyPem),
    );
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("certificate key mismatch")]);
    expect(await isRotating(first)).toBe(false);
    const right = ["--ca-key", file("mine.key", mine.keyPem), "--cert-expiry", "2h"];
    await first.dockerOk("swarm", "ca", "--rotate", "-q", ...certificate, ...right);
    await isEverywhere(mine.certificatePem.trim(), tasks);
    expect(await first.dockerOk("info", "--format", "{{.Swarm.Cluster.Spec.CAConfig.NodeCertExpiry}}")).toBe("2h0m0s");
  });

  it("is changed although its leader is killed, and waits for nodes that are down", async () => {
    const tasks = await tasksOf(first);
    const [fourth] = workers;
    await fourth!.end("SIGKILL");
    const before = await rootOf(first);
    await first.dockerOk("swarm", "ca", "--rotate", "--detach");
    const { leader, others } = await leaderAndOthers(managers);
    const next = await killLeader(leader, others);
    expect(await isRotating(next)).toBe(true);
    expect(await rootOf(next)).toBe(before);
    await leader.start();
    await fourth!.start();
    await eventually("it is done", async () => !(await isRotating(next)) || undefined);
    const root = await rootOf(next);
    expect(root).not.toBe(before);
    await eventually(
      "all nodes trust it",
      () => all().every(daemon => inFile(daemon, "swarm-root-ca.crt") === root) || undefined,
    );
    await eventually("all are ready", async () => {
      const lines = (await tlsStatus(next)).split("\n");
      return lines.every(line => line.endsWith(" Ready")) || undefined;
    });
    await isEverywhere(root, tasks, next);
    for (const daemon of all()) {
      await daemon.end("SIGTERM");
      await daemon.start();
    }
    const { leader: last } = await leaderAndOthers(managers);
    const shown = Object.entries(roles).map(([name, role]) => {
      const manager = role === "" ? "" : name === last.options.hostname ? "Leader" : "Reachable";
      return [name, manager] as const;
    });
    await showsManagers(last, Object.fromEntries(shown));
  });
});
