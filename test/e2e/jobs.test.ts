import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { findProgram } from "../lab/requirements.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "jobs by the stock docker CLI";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const address = "127.0.72.1";
  const manager = new Daemon({ address, hostname: "m1", flags: ["--runtime", "embedded"] });

  beforeAll(async () => {
    await manager.start();
    await manager.dockerOk("swarm", "init", "--listen-addr", address, "--advertise-addr", address);
  });
  afterAll(() => manager.dispose());

  const create = (name: string, mode: string, script: string, ...flags: string[]) =>
    manager.dockerOk("service", "create", "--name", name, "--mode", mode, ...flags, "shoal/job", "sh", "-c", script);
  const replicasOf = (name: string) =>
    manager.dockerOk("service", "ls", "--filter", `name=${name}`, "--format", "{{.Mode}}: {{.Replicas}}");

  async function tasksOf(name: string): Promise<string[]> {
    const format = "{{.Name}} {{.DesiredState}} {{.CurrentState}}";
    const output = await manager.dockerOk("service", "ps", "--format", format, name);
    return output
      .split("\n")
      .map(line => line.split(" ").slice(0, 3).join(" "))
      .sort();
  }

  it("runs a replicated job to its end, with the CLI's progress", async () => {
    const output = await create("five", "replicated-job", "sleep 0.2", "--replicas", "5", "--max-concurrent", "2");
    expect(output).toContain("job complete");
    expect(await replicasOf("five")).toBe("replicated job: 0/2 (5/5 completed)");
    const tasks = await tasksOf("five");
    expect(tasks).toHaveLength(5);
    // The fifth is slot 0, which the CLI calls by its task's id: that may sort anywhere.
    expect(tasks).toEqual(expect.arrayContaining([1, 2, 3, 4].map(number => `five.${number} Complete Complete`)));
    const [status] = JSON.parse(await manager.dockerOk("service", "inspect", "five")) as {
      JobStatus: { JobIteration: { Index?: number }; LastExecution: string };
    }[];
    expect(status?.JobStatus.JobIteration.Index ?? 0).toBe(0);
    expect(Date.now() - Date.parse(status?.JobStatus.LastExecution ?? "")).toBeLessThan(600_000);
  });

  it("shows how far a job is", async () => {
    await create("slow", "replicated-job", "exec sleep 1000", "--detach", "--replicas", "5", "--max-concurrent", "3");
    await eventually("three tasks run", async () =>
      (await replicasOf("slow")) === "replicated job: 3/3 (0/5 completed)" ? true : undefined,
    );
    expect(await tasksOf("slow")).toHaveLength(3);
  });

  it("runs a job once more when it is told to by force", async () => {
    await manager.dockerOk("service", "update", "--detach=false", "--force", "five");
    expect(await replicasOf("five")).toBe("replicated job: 0/2 (5/5 completed)");
    expect(await tasksOf("five")).toHaveLength(10);
    const index = await manager.dockerOk("service", "inspect", "-f", "{{.JobStatus.JobIteration.Index}}", "five");
    expect(index).toBe("1");
  });

  it("starts failed tasks again, as often as the policy says", async () => {
    const policy = ["--restart-condition", "on-failure", "--restart-delay", "100ms", "--restart-max-attempts", "2"];
    await create("failing", "replicated-job", "exit 3", "--detach", ...policy);
    await eventually("three attempts were made", async () =>
      (await tasksOf("failing")).filter(task => task.endsWith("Failed")).length === 3 ? true : undefined,
    );
    expect(await replicasOf("failing")).toBe("replicated job: 0/1 (0/1 completed)");
    const errors = await manager.dockerOk("service", "ps", "--no-trunc", "--format", "{{.Error}}", "failing");
    expect(errors.split("\n")).toEqual(Array(3).fill('"task: non-zero exit (3)"'));
  });

  it("runs a global job on the node", async () => {
    expect(await create("everywhere", "global-job", "true")).toContain("job complete");
    expect(await replicasOf("everywhere")).toBe("global job: 0/0 (1/1 completed)");
  });

  it("scales a job, which runs it again, and removes jobs with their tasks", async () => {
    await manager.dockerOk("service", "scale", "--detach=false", "five=2");
    expect(await replicasOf("five")).toBe("replicated job: 0/2 (2/2 completed)");
    await manager.dockerOk("service", "rm", "five", "slow", "failing", "everywhere");
    await eventually("no task is left", async () => {
      const tasks = (await manager.apiOk("GET", "/tasks")) as unknown[];
      return tasks.length === 0 ? true : undefined;
    });
  });

  it("refuses what jobs do not have", async () => {
    const updating = await manager.docker(
      ...["service", "create", "--mode", "replicated-job", "--update-delay", "1s", "shoal/job", "true"],
    );
    expect(updating.stderr).toContain("update and rollback configuration is not supported for jobs");
    await create("once", "global-job", "true");
    const scaled = await manager.docker("service", "scale", "once=2");
    expect(scaled.stderr).toContain("scale can only be used with replicated or replicated-job mode");
  });
});
