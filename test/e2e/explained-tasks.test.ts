import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { findProgram } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";
import { Swarm } from "../lab/swarm.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "tasks that do not run";

/** What is asked for that cannot be, and what `docker service ps` says of a task then. */
const cases: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
  [
    "no node is as it is to be",
    ["--constraint", "node.labels.disk==ssd", "shoal/sleep"],
    /^Pending .*no suitable node \(scheduling constraints not satisfied on 2 nodes\)/,
  ],
  [
    "no node has so much",
    ["--reserve-memory", "900g", "shoal/sleep"],
    /^Pending .*no suitable node \(insufficient resources on 2 nodes\)/,
  ],
  [
    "no node has such a thing",
    ["--generic-resource", "gpu=1", "shoal/sleep"],
    /^Pending .*no suitable node \(insufficient resources on 2 nodes\)/,
  ],
  [
    "another has the port",
    ["--publish", "mode=host,published=8095,target=80", "--replicas", "3", "shoal/sleep"],
    /^Pending .*no suitable node \(host-mode port already in use on 2 nodes\)/,
  ],
  [
    "each node has all it may have",
    ["--replicas", "3", "--replicas-max-per-node", "1", "shoal/sleep"],
    /^Pending .*no suitable node \(max replicas per node limit exceed on 2 nodes\)/,
  ],
  [
    "several reasons at once",
    [
      "--constraint",
      "node.role==manager",
      "--publish",
      "mode=host,published=8096,target=80",
      "--replicas",
      "2",
      "shoal/sleep",
    ],
    /^Pending .*no suitable node \((?=.*scheduling constraints not satisfied on 1 node)(?=.*host-mode port already in use on 1 node)/,
  ],
  ["there is no such image", ["nowhere/to-be:found"], /^Rejected .*No such image: nowhere\/to-be:found/],
  [
    "its node cannot give it what it mounts",
    ["--mount", "type=bind,source=/nowhere/at/all,target=/x", "shoal/sleep"],
    /^Rejected .*Cannot mount "\/x": the embedded runtime has no mounts/,
  ],
  ["it ends with an error", ["shoal/job", "sh", "-c", "exit 3"], /^Failed .*task: non-zero exit \(3\)/],
  ["it is no program", ["shoal/job", "/no/such/program"], /^(Rejected|Failed) .*\/no\/such\/program/],
  [
    "another service is not up yet",
    ["--label", "shoal.depends-on=database:healthy", "shoal/sleep"],
    /^(New|Pending) .*database/,
  ],
];

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  let swarm: Swarm;
  const docker = (...args: string[]) => swarm.manager.dockerOk(...args);

  beforeAll(async () => {
    swarm = await Swarm.start({ base: 95, workers: 1 });
  });

  afterAll(() => swarm?.dispose());

  const create = (name: string, ...args: readonly string[]) =>
    docker(
      ...["service", "create", "-d", "-q", "--no-resolve-image", "--stop-signal", "KILL", "--name", name, ...args],
    );

  /** Waits until `docker service ps` says something of this form of a service's task; gives all that it says. */
  const says = async (service: string, form: RegExp): Promise<string> => {
    let lines = "";
    const format = "{{.CurrentState}} {{.Error}}";
    return eventually(`service ps of ${service} says ${form}`, async () => {
      lines = await docker("service", "ps", "--no-trunc", "--format", format, service);
      return lines.split("\n").some(line => form.test(line)) ? lines : undefined;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}, but ${lines}`);
    });
  };

  it.each(cases)("say that %s", async (what, args, form) => {
    const service = what.replaceAll(" ", "-");
    await create(service, "--restart-delay", "1h", ...args);
    await says(service, form);
    await docker("service", "rm", service);
  });

  it("say when no node takes tasks, and run once one does", async () => {
    for (const node of ["m1", "w1"]) await docker("node", "update", "--availability", "drain", node);
    await create("later", "shoal/sleep");
    await says("later", /^Pending .*no suitable node \(2 nodes not available for new tasks\)/);
    await docker("node", "update", "--availability", "active", "w1");
    await says("later", /^Running [^"]*$/);
    await docker("node", "update", "--availability", "active", "m1");
  });

  it("are in a paused update, which says because of whom, and theirs say why", async () => {
    await create("updated", "--restart-delay", "1h", "shoal/job", "sleep", "1000");
    await runningTasks(swarm.manager, "updated", 1);
    const flags = ["--update-monitor", "30s", "--args", "sh -c 'exit 4'"];
    await docker("service", "update", "-d", "-q", ...flags, "updated");
    await says("updated", /^Failed .*task: non-zero exit \(4\)/);
    const status = () =>
      docker("service", "inspect", "-f", "{{.UpdateStatus.State}}: {{.UpdateStatus.Message}}", "updated");
    const paused = /^paused: update paused due to failure or early termination of task \w+/;
    await eventually("the update is paused", async () => (paused.test(await status()) ? true : undefined));
  });

  it("are not running before they are healthy, and are replaced when they are so no more", async () => {
    const well = join(swarm.manager.directory, "well");
    const health = ["--health-cmd", `test -e ${well}`, "--health-interval", "200ms", "--health-retries", "2"];
    const flags = ["--health-start-period", "1h", "--restart-delay", "0s", "--constraint", "node.role==manager"];
    await create("ill", ...health, ...flags, "shoal/sleep");
    await says("ill", /^Starting /);
    expect(await docker("service", "ls", "--filter", "name=ill", "--format", "{{.Replicas}}")).toBe("0/1");
    writeFileSync(well, "");
    const [first] = await runningTasks(swarm.manager, "ill", 1);
    rmSync(well);
    expect(await says("ill", /^Failed .*unhealthy container/)).not.toMatch(/^Running/m);
    await says("ill", /^Starting /);
    writeFileSync(well, "");
    const [second] = await runningTasks(swarm.manager, "ill", 1);
    expect(second?.ID).not.toBe(first?.ID);
  });
});
