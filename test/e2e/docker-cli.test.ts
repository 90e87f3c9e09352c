import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { findProgram } from "../lab/requirements.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "the stock docker CLI";

/** Rows of a table that `--format` printed, split at tabs. */
const rows = (output: string): string[][] => (output === "" ? [] : output.split("\n").map(line => line.split("\t")));

function countBy(values: readonly (string | undefined)[]): Map<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const flags = ["--runtime", "embedded", "--label", "disk=ssd"];
  const manager = new Daemon({ address: "127.0.31.1", hostname: "m1", flags });
  const workers = [2, 3].map(at => new Daemon({ address: `127.0.31.${at}`, hostname: `w${at - 1}`, flags }));
  const all = [manager, ...workers];

  beforeAll(() => Promise.all(all.map(one => one.start())));
  afterAll(() => Promise.all(all.map(one => one.dispose())));

  /** Names, nodes and states of a service's tasks that are wanted to run. */
  async function running(service: string): Promise<string[][]> {
    const format = "{{.Name}}\t{{.Node}}\t{{.CurrentState}}";
    const listed = rows(
      await manager.dockerOk("service", "ps", "-f", "desired-state=running", "--format", format, service),
    );
    return listed.filter(([, , state]) => state?.startsWith("Running"));
  }

  it("is told that there is no swarm yet", async () => {
    const { code, stderr } = await manager.docker("node", "ls");
    expect(code).toBe(1);
    expect(stderr).toContain('This node is not a swarm manager. Use "docker swarm init"');
    expect(await manager.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}}")).toBe("inactive");
  });

  it("founds a swarm", async () => {
    const output = await manager.dockerOk(
      "swarm",
      "init",
      "--listen-addr",
      "127.0.31.1",
      "--advertise-addr",
      "127.0.31.1",
    );
    expect(output).toMatch(/Swarm initialized: current node \([0-9a-z]{25}\) is now a manager/);
    expect(output).toMatch(/docker swarm join --token SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25} 127\.0\.31\.1:2377/);
    const again = await manager.docker("swarm", "init");
    expect(again.stderr).toContain("This node is already part of a swarm");
  });

  it("joins workers", async () => {
    const token = await manager.dockerOk("swarm", "join-token", "-q", "worker");
    for (const worker of workers) {
      const { address } = worker.options;
      const output = await worker.dockerOk(
        "swarm",
        "join",
        "--listen-addr",
        address,
        "--advertise-addr",
        address,
        "--token",
        token,
        "127.0.31.1:2377",
      );
      expect(output).toBe("This node joined a swarm as a worker.");
    }
    const list = () =>
      manager.dockerOk("node", "ls", "--format", "{{.Hostname}} {{.Status}} {{.Availability}} {{.ManagerStatus}}");
    await eventually("all nodes are ready", async () => (/Down|Unknown/.test(await list()) ? undefined : true));
    const lines = (await list()).split("\n").map(line => line.trim());
    expect(lines.sort()).toEqual(["m1 Ready Active Leader", "w1 Ready Active", "w2 Ready Active"]);
  });

  it("is told apart by bad tokens", async () => {
    const stray = new Daemon({ address: "127.0.31.9", hostname: "stray", flags });
    await stray.start();
    try {
      const token = await manager.dockerOk("swarm", "join-token", "-q", "worker");
      const join = (text: string) =>
        stray.docker(
          "swarm",
          "join",
          "--advertise-addr",
          "127.0.31.9",
          "--listen-addr",
          "127.0.31.9",
          "--token",
          text,
          "127.0.31.1:2377",
        );
      expect((await join("nonsense")).stderr).toContain("invalid join token");
      const [, , digest, secret] = token.split("-");
      const wrongSecret = await join(`SWMTKN-1-${digest}-${"0".repeat(25)}`);
      expect(wrongSecret.code).toBe(1);
      const wrongDigest = await join(`SWMTKN-1-${"1".repeat(50)}-${secret}`);
      expect(wrongDigest.stderr).toMatch(/fingerprint|digest/);
      expect(wrongDigest.stderr).not.toBe(wrongSecret.stderr);
      expect(await stray.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}}")).toBe("inactive");
    } finally {
      await stray.dispose();
    }
  });

  it("sees what a worker may not", async () => {
    const { stderr } = await workers[0]!.docker("node", "ls");
    expect(stderr).toContain("Worker nodes can't be used to view or modify cluster state");
    expect(
      await workers[0]!.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}"),
    ).toBe("active false");
  });

  it("creates a service and watches it converge", async () => {
    const output = await manager.dockerOk(
      "service",
      "create",
      "--name",
      "web",
      "--replicas",
      "6",
      "--update-monitor",
      "1s",
      "shoal/sleep",
    );
    expect(output).toContain("verify: Service");
    expect(await manager.dockerOk("service", "ls", "--format", "{{.Name}} {{.Mode}} {{.Replicas}} {{.Image}}")).toBe(
      "web replicated 6/6 shoal/sleep:latest",
    );
    const perNode = countBy((await running("web")).map(([, node]) => node));
    expect([...perNode.values()]).toEqual([2, 2, 2]);
  });

  it("inspects", async () => {
    const pretty = await manager.dockerOk("service", "inspect", "--pretty", "web");
    expect(pretty).toMatch(/Name:\s+web/);
    expect(pretty).toMatch(/Replicas:\s+6/);
    expect(await manager.dockerOk("node", "inspect", "self", "--format", "{{.Description.Engine.Labels.disk}}")).toBe(
      "ssd",
    );
    expect(await manager.dockerOk("node", "inspect", "--pretty", "w1")).toMatch(/Hostname:\s+w1/);
  });

  it("scales up and down, balanced", async () => {
    await manager.dockerOk("service", "scale", "web=9");
    expect(await running("web")).toHaveLength(9);
    await manager.dockerOk("service", "scale", "web=3");
    const perNode = await eventually("three tasks are left", async () => {
      const list = await running("web");
      return list.length === 3 ? new Set(list.map(([, node]) => node)) : undefined;
    });
    expect(perNode.size).toBe(3);
  });

  it("updates", async () => {
    await manager.dockerOk("service", "update", "--env-add", "MODE=x", "--args", "100000", "web");
    const spec = JSON.parse(
      await manager.dockerOk("service", "inspect", "--format", "{{json .Spec.TaskTemplate.ContainerSpec}}", "web"),
    );
    expect(spec).toMatchObject({ Env: ["MODE=x"], Args: ["100000"] });
    await manager.dockerOk("service", "update", "--image", "shoal/whoami", "--args", "", "web");
    expect(await manager.dockerOk("service", "ls", "--format", "{{.Replicas}} {{.Image}}")).toBe(
      "3/3 shoal/whoami:latest",
    );
    expect(await manager.dockerOk("service", "inspect", "--format", "{{.UpdateStatus.State}}", "web")).toBe(
      "completed",
    );
    await manager.dockerOk("service", "rollback", "web");
    expect(await manager.dockerOk("service", "ls", "--format", "{{.Image}}")).toBe("shoal/sleep:latest");
  });

  it("drains, pauses and labels nodes", async () => {
    await manager.dockerOk("node", "update", "--availability", "drain", "w1");
    await eventually("w1 is empty", async () =>
      (await running("web")).some(([, node]) => node === "w1") ? undefined : true,
    );
    await eventually("three run elsewhere", async () => ((await running("web")).length === 3 ? true : undefined));
    await manager.dockerOk("node", "update", "--availability", "active", "--label-add", "zone=a", "w1");
    await manager.dockerOk(
      "service",
      "create",
      "-q",
      "--name",
      "here",
      "--constraint",
      "node.labels.zone==a",
      "--replicas",
      "2",
      "shoal/sleep",
    );
    expect((await running("here")).map(([, node]) => node)).toEqual(["w1", "w1"]);
    expect(await manager.dockerOk("node", "ps", "--format", "{{.Name}}", "w1")).toContain("here.1");
    await manager.dockerOk("service", "rm", "here");
  });

  it("says why a task waits", async () => {
    await manager.dockerOk(
      "service",
      "create",
      "-q",
      "-d",
      "--name",
      "nowhere",
      "--constraint",
      "node.labels.zone==mars",
      "shoal/sleep",
    );
    const error = await eventually("the reason shows", async () => {
      const text = await manager.dockerOk("service", "ps", "--no-trunc", "--format", "{{.Error}}", "nowhere");
      return text === "" ? undefined : text;
    });
    expect(error).toContain("no suitable node (scheduling constraints not satisfied on 3 nodes)");
    await manager.dockerOk("service", "rm", "nowhere");
  });

  it("reads logs", async () => {
    await manager.dockerOk(
      "service",
      "create",
      "-q",
      "-d",
      "--name",
      "talk",
      "--restart-condition",
      "none",
      "shoal/job",
      "echo",
      "hello from a task",
    );
    const output = await eventually("the line arrives", async () => {
      const { stdout } = await manager.docker("service", "logs", "talk");
      return stdout.includes("hello") ? stdout : undefined;
    });
    expect(output).toMatch(/^talk\.1\.[0-9a-z]+@\w+\s+\| hello from a task/);
    expect(await manager.dockerOk("service", "logs", "--raw", "talk")).toBe("hello from a task");
    await manager.dockerOk("service", "rm", "talk");
  });

  it("sees events", async () => {
    const since = Math.floor(Date.now() / 1000);
    await manager.dockerOk("service", "create", "-q", "-d", "--name", "brief", "shoal/sleep");
    await manager.dockerOk("service", "rm", "brief");
    const until = Math.floor(Date.now() / 1000) + 1;
    const events = await manager.dockerOk(
      "events",
      "--since",
      `${since}`,
      "--until",
      `${until}`,
      "--filter",
      "type=service",
      "--format",
      "{{.Action}} {{.Actor.Attributes.name}}",
    );
    expect(events.split("\n")).toEqual(expect.arrayContaining(["create brief", "remove brief"]));
  });

  it("replaces a task whose process was killed", async () => {
    const [before] = rows(await manager.dockerOk("service", "ps", "-q", "-f", "desired-state=running", "web"));
    const task = JSON.parse(await manager.dockerOk("inspect", "--type", "task", `${before}`))[0] as {
      ID: string;
      Slot: number;
      Status: { ContainerStatus: { PID: number } };
    };
    process.kill(task.Status.ContainerStatus.PID, "SIGKILL");
    await eventually("another task runs in its slot", async () => {
      const list = await running("web");
      const ids = (
        await manager.dockerOk("service", "ps", "-q", "--no-trunc", "-f", "desired-state=running", "web")
      ).split("\n");
      return list.length === 3 && !ids.includes(task.ID) ? true : undefined;
    });
  });

  it("removes services and leaves", async () => {
    await manager.dockerOk("service", "rm", "web");
    expect(await manager.dockerOk("service", "ls", "-q")).toBe("");
    expect(await workers[1]!.dockerOk("swarm", "leave")).toBe("Node left the swarm.");
    const refused = await manager.docker("swarm", "leave");
    expect(refused.stderr).toContain("Removing the last manager erases all current state of the swarm");
    expect(await manager.dockerOk("swarm", "leave", "--force")).toBe("Node left the swarm.");
    expect(await manager.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}}")).toBe("inactive");
  });
});
