import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { findProgram } from "../lab/requirements.ts";
import { pidsOf, runningTasks, tasksOf } from "../lab/services.ts";
import { Swarm } from "../lab/swarm.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "logs by the stock docker CLI";
const replicas = 3;
const counting = "i=0; while :; do i=$((i+1)); echo number $i; sleep 0.1; done";

/** The numbers that each task has said, of lines like `count.1.abc@w1    | number 7`, by the task's id. */
function numbersOf(log: string): Map<string, number[]> {
  const numbers = new Map<string, number[]>();
  for (const line of log.split("\n")) {
    const [, task = "", number = ""] = /^count\.\d+\.(\w+)@\w+ +\| number (\d+)$/.exec(line) ?? [];
    if (task !== "") numbers.set(task, [...(numbers.get(task) ?? []), Number(number)]);
  }
  return numbers;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  let swarm: Swarm;

  beforeAll(async () => {
    swarm = await Swarm.start({ base: 93, workers: 2 });
    const service = ["service", "create", "-d", "-q", "--name", "count", "--replicas", String(replicas)];
    const flags = ["--restart-delay", "0s", "--stop-signal", "KILL"];
    await swarm.manager.dockerOk(...service, ...flags, "shoal/job", "sh", "-c", counting);
    await runningTasks(swarm.manager, "count", replicas);
  });

  afterAll(() => swarm?.dispose());

  const logs = (...args: string[]) => swarm.manager.dockerOk("service", "logs", ...args);

  /** Waits until every task has said so many numbers. */
  const haveSaid = (count: number) =>
    eventually(`each task has said ${count} numbers`, async () => {
      const said = [...numbersOf(await logs("count")).values()];
      return said.length === replicas && said.every(({ length }) => length >= count) ? true : undefined;
    });

  it("come from all nodes, whole, in the order of their times", async () => {
    await haveSaid(5);
    const lines = (await logs("--timestamps", "count")).split("\n");
    const times = lines.map(line => line.slice(0, line.indexOf(" ")));
    expect(times.every(time => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(time))).toBe(true);
    expect(times).toEqual(times.toSorted());
    expect(new Set(lines.map(line => /@(\w+)/.exec(line)?.[1]))).toEqual(new Set(["m1", "w1", "w2"]));
    for (const numbers of numbersOf(await logs("count")).values()) expect(numbers).toEqual(upTo(numbers.length));
  });

  it("can be some of it: the last lines, those since a time, those of one task, without what is before them", async () => {
    const last = numbersOf(await logs("--tail", "2", "count"));
    expect([...last.values()].map(({ length }) => length)).toEqual([2, 2, 2]);
    const since = new Date(Date.now() - 300).toISOString();
    for (const [first] of numbersOf(await logs("--since", since, "count")).values()) expect(first).toBeGreaterThan(1);
    const [task] = await tasksOf(swarm.manager, "count");
    expect((await logs("--raw", "--tail", "1", task?.ID ?? "")).trim()).toMatch(/^number \d+$/);
    expect(await logs("--no-trunc", "--tail", "1", "count")).toContain(task?.ID);
    expect(await logs("--no-task-ids", "--no-resolve", "--tail", "1", "count")).toContain(`${task?.NodeID}`);
  });

  it("lose and repeat nothing while tasks die and move, for who follows them", async () => {
    const { manager } = swarm;
    const follower = manager.dockerUntil("service", "logs", "--follow", "--no-trunc", "count");
    const before = await runningTasks(manager, "count", replicas);
    await eventually("all are followed", () => (numbersOf(follower.said()).size === replicas ? true : undefined));
    const drained = await manager.dockerOk("node", "inspect", "-f", "{{.ID}}", "w1");
    process.kill(pidsOf(before.filter(task => task.NodeID !== drained))[0] ?? 0, "SIGKILL");
    await manager.dockerOk("node", "update", "--availability", "drain", "w1");
    const after = await eventually("they have moved", async () => {
      const running = await runningTasks(manager, "count", replicas);
      return running.filter(task => before.every(({ ID }) => ID !== task.ID)).length >= 2 ? running : undefined;
    });
    const said = (id: string) => numbersOf(follower.said()).get(id)?.length ?? 0;
    await eventually("the new ones are heard", () => (after.every(({ ID }) => said(ID) > 5) ? true : undefined));
    await follower.stop();
    const all = numbersOf(await logs("--no-trunc", "count"));
    const running = new Set(after.map(({ ID }) => ID));
    for (const [task, numbers] of numbersOf(follower.said())) {
      expect(numbers).toEqual(upTo(numbers.length));
      if (!running.has(task)) expect(numbers).toEqual(all.get(task));
    }
  });

  it("come without those of a node that is down, with a line that says so", async () => {
    const { manager, workers } = swarm;
    await workers[1]!.end("SIGKILL");
    const warning = /@w2 +\| warning: incomplete log stream.*: node \w+ is not available/;
    await eventually("the warning comes", async () => {
      const { code, stdout, stderr } = await manager.docker("service", "logs", "count");
      expect({ code, others: /@m1 +\| number/.test(stdout) }).toEqual({ code: 0, others: true });
      return warning.test(stderr) ? true : undefined;
    });
  });
});
