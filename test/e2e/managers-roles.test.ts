import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join as pathJoin } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { join, Managers, nodeLines } from "../lab/managers.ts";
import { findProgram } from "../lab/requirements.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "a manager's place";

/** Milliseconds after which a daemon is killed that is being promoted or demoted: somewhere in between each time. */
const killMoments = [0, 40, 120, 250, 500, 900];

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const managers = new Managers("127.0.38");
  let first: Daemon;
  let third: Daemon;
  let worker: Daemon;

  beforeAll(async () => {
    const all = await managers.swarm(3);
    [first, third] = [all[0]!, all[2]!];
    worker = await managers.start(4);
    await join(worker, first, "worker");
    const constraint = ["--constraint", "node.hostname==n4"];
    await first.dockerOk("service", "create", "-q", "--name", "here", "--replicas", "2", ...constraint, "shoal/sleep");
  });
  afterAll(() => managers.dispose());

  const statusOf = async (name: string) => (await nodeLines(first)).find(line => line.name === name);
  const becomes = (name: string, manager: string) =>
    eventually(`${name} is shown as "${manager}"`, async () => {
      const line = await statusOf(name);
      return line?.status === "Ready" && line.manager === manager ? true : undefined;
    });
  const inDirectory = (daemon: Daemon, path: string) => pathJoin(daemon.directory, "data/swarm", path);
  const infoOf = (daemon: Daemon, format: string) => daemon.dockerOk("info", "--format", format);

  it("is what it is to be after kills at any moment, and its tasks run on", async () => {
    const tasks = () => first.dockerOk("service", "ps", "-q", "--no-trunc", "here");
    const before = await tasks();
    for (const [round, moment] of killMoments.entries()) {
      await first.dockerOk("node", round % 2 === 0 ? "promote" : "demote", "n4");
      await delay(moment);
      await worker.end("SIGKILL");
      await worker.start();
      await becomes("n4", round % 2 === 0 ? "Reachable" : "");
      const isManager = round % 2 === 0;
      await eventually("it knows so itself", async () =>
        (await infoOf(worker, "{{.Swarm.ControlAvailable}}{{.Swarm.Error}}")) === `${isManager}` ? true : undefined,
      );
    }
    expect(await tasks()).toBe(before);
  });

  it("is had, or nothing is, after a kill at any moment of joining", async () => {
    const token = await first.dockerOk("swarm", "join-token", "-q", "manager");
    const fresh = await managers.start(5);
    const own = ["--listen-addr", "127.0.38.5", "--advertise-addr", "127.0.38.5"];
    for (const moment of killMoments) {
      const joining = fresh.docker("swarm", "join", ...own, "--token", token, "127.0.38.1:2377");
      await delay(moment);
      await fresh.end("SIGKILL");
      await joining;
      await fresh.start();
      if ((await infoOf(fresh, "{{.Swarm.LocalNodeState}}")) === "inactive") continue;
      await eventually("it is a manager", async () =>
        (await infoOf(fresh, "{{.Swarm.ControlAvailable}}{{.Swarm.Error}}")) === "true" ? true : undefined,
      );
      await fresh.dockerOk("service", "update", "-q", "--label-add", `at=${moment}`, "here");
      await fresh.dockerOk("swarm", "leave", "--force");
    }
    const members = (await nodeLines(first)).filter(({ manager }) => manager !== "");
    expect(members.map(({ name, manager }) => [name, manager === "Unreachable"])).toEqual([
      ["n1", false],
      ["n2", false],
      ["n3", false],
    ]);
  });

  it("is at another address when that has changed", async () => {
    await third.end();
    const file = inDirectory(third, "node.json");
    const { asked: _, ...state } = JSON.parse(readFileSync(file, "utf8"));
    const address = "127.0.38.33:2377";
    writeFileSync(file, JSON.stringify({ ...state, listenAddress: address, advertiseAddress: address }));
    await third.start();
    await eventually("the others know", async () => {
      const known = await first.dockerOk("node", "inspect", "--format", "{{.ManagerStatus.Addr}}", "n3");
      return known === address ? true : undefined;
    });
    await becomes("n3", "Reachable");
    await third.dockerOk("service", "update", "-q", "--label-add", "from=n3", "here");
    await eventually("a worker is told", async () =>
      (await infoOf(worker, "{{json .Swarm.RemoteManagers}}")).includes(address) ? true : undefined,
    );
  });

  it("is not taken again without its log, until it is demoted and promoted", async () => {
    await third.end("SIGKILL");
    rmSync(inDirectory(third, "raft"), { recursive: true });
    await third.start();
    const why = await infoOf(third, "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}} {{.Swarm.Error}}");
    expect(why).toMatch(
      /^error false Cannot start the manager: its log in ".*" is empty\. To rejoin the other managers/,
    );
    expect((await third.docker("node", "ls")).stderr).toContain(
      "This node is not a swarm manager. Cannot start the manager",
    );
    await first.dockerOk("node", "demote", "n3");
    await becomes("n3", "");
    await eventually("it is a worker", async () =>
      (await infoOf(third, "{{.Swarm.Error}}")) === "" ? true : undefined,
    );
    await first.dockerOk("node", "promote", "n3");
    await becomes("n3", "Reachable");
    await eventually("it serves", async () => ((await third.docker("node", "ls")).code === 0 ? true : undefined));
  });
});
