import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { join, killLeader, leaderAndOthers, Managers, nodeLines, showsManagers } from "../lab/managers.ts";
import { findProgram } from "../lab/requirements.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "three managers";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const managers = new Managers("127.0.35");
  let all: Daemon[];
  let worker: Daemon;

  beforeAll(async () => {
    all = await managers.swarm(3);
    worker = await managers.start(4);
  });
  afterAll(() => managers.dispose());

  it("are a leader and two that can take its place", async () => {
    for (const asked of all) await showsManagers(asked, { n1: "Leader", n2: "Reachable", n3: "Reachable" });
    const info = await all[2]!.dockerOk("info", "--format", "{{.Swarm.ControlAvailable}} {{.Swarm.Managers}}");
    expect(info).toBe("true 3");
    // A node hears who the managers are from the one that it has its session with, a moment after the last one joined.
    await eventually("a node knows all managers", async () => {
      const remote = await all[1]!.dockerOk("info", "--format", "{{range .Swarm.RemoteManagers}}{{.NodeID}} {{end}}");
      const lengths = remote
        .split(" ")
        .filter(Boolean)
        .map(id => id.length);
      return (lengths.length === 3 && lengths.every(length => length === 25)) || undefined;
    });
  });

  it("let workers join by any of them, and take writes each", async () => {
    expect(await join(worker, all[2]!, "worker")).toBe("This node joined a swarm as a worker.");
    for (const [at, asked] of all.entries()) {
      await asked.dockerOk("service", "create", "-q", "--name", `s${at + 1}`, "--replicas", "2", "shoal/sleep");
    }
    for (const asked of all) {
      const names = await asked.dockerOk("service", "ls", "--format", "{{.Name}} {{.Replicas}}");
      expect(names.split("\n").sort()).toEqual(["s1 2/2", "s2 2/2", "s3 2/2"]);
    }
    await all[1]!.dockerOk("service", "rm", "s2", "s3");
    await all[2]!.dockerOk("service", "scale", "s1=4");
  });

  it("go on when the leader is killed, and take it back", async () => {
    const { leader, others } = await leaderAndOthers(all);
    const next = await killLeader(leader, others);
    const other = others.find(daemon => daemon !== next)!;
    await other.dockerOk("service", "scale", "s1=3");
    await eventually("the dead one is seen to be", async () => {
      const line = (await nodeLines(other)).find(({ name }) => name === leader.options.hostname);
      return line?.manager === "Unreachable" ? true : undefined;
    });
    await leader.start();
    const { hostname } = leader.options;
    await showsManagers(leader, {
      ...Object.fromEntries(others.map(each => [each.options.hostname, each === next ? "Leader" : "Reachable"])),
      [hostname]: "Reachable",
      n4: "",
    });
    await leader.dockerOk("service", "scale", "s1=4");
  });

  it("let the leader be demoted, and be promoted again", async () => {
    const { leader, others } = await leaderAndOthers(all);
    const { hostname } = leader.options;
    const tasks = await leader.dockerOk("node", "ps", "-q", "--no-trunc", "-f", "desired-state=running", hostname);
    await leader.dockerOk("node", "demote", hostname);
    await eventually("it is a worker", async () => {
      const { stderr } = await leader.docker("node", "ls");
      return stderr.includes("Worker nodes can't be used to view") ? true : undefined;
    });
    const after = await leaderAndOthers(others);
    await eventually("it is no manager any more", async () => {
      const line = (await nodeLines(after.leader)).find(({ name }) => name === hostname);
      return line?.manager === "" && line.status === "Ready" ? true : undefined;
    });
    const still = await after.leader.dockerOk(
      "node",
      "ps",
      "-q",
      "--no-trunc",
      "-f",
      "desired-state=running",
      hostname,
    );
    expect(still).toBe(tasks);
    await after.leader.dockerOk("node", "promote", hostname);
    await showsManagers(leader, {
      [after.leader.options.hostname]: "Leader",
      [after.others[0]!.options.hostname]: "Reachable",
      [hostname]: "Reachable",
      n4: "",
    });
    expect(await leader.dockerOk("service", "ls", "--format", "{{.Name}} {{.Replicas}}")).toBe("s1 4/4");
  });

  it("become four when a worker is promoted, whose tasks run on", async () => {
    const { leader } = await leaderAndOthers(all);
    const before = await leader.dockerOk("node", "ps", "-q", "--no-trunc", "n4");
    await leader.dockerOk("node", "promote", "n4");
    await eventually("it serves", async () => ((await worker.docker("node", "ls")).code === 0 ? true : undefined));
    await worker.dockerOk("service", "update", "-q", "--label-add", "by=n4", "s1");
    expect(await worker.dockerOk("node", "ps", "-q", "--no-trunc", "n4")).toBe(before);
    await worker.end("SIGKILL");
    await worker.start();
    await eventually("it is back", async () => ((await worker.docker("node", "ls")).code === 0 ? true : undefined));
  });

  it("are left by force, and by nothing else", async () => {
    const refused = await worker.docker("swarm", "leave");
    expect(refused.stderr).toContain(
      "You are attempting to leave the swarm on a node that is participating as a manager.",
    );
    expect(refused.stderr).toContain("The only way to restore a swarm that has lost consensus");
    expect(await worker.dockerOk("swarm", "leave", "--force")).toBe("Node left the swarm.");
    expect(await worker.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}}")).toBe("inactive");
    const { leader } = await leaderAndOthers(all);
    await eventually("it is no member any more", async () => {
      const line = (await nodeLines(leader)).find(({ name }) => name === "n4");
      return line?.manager === "" && line.status === "Down" ? true : undefined;
    });
    await leader.dockerOk("node", "demote", "n4");
    await eventually("it can be removed", async () =>
      (await leader.docker("node", "rm", "n4")).code === 0 ? true : undefined,
    );
    expect(await join(worker, leader, "manager")).toBe("This node joined a swarm as a manager.");
  });
});
