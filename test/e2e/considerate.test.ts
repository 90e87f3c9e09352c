import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { findProgram } from "../lab/requirements.ts";
import { Swarm } from "../lab/swarm.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "services that wait for others";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  let swarm: Swarm;
  /** The health checks of all services pass for as long as it is there, or have been passed once. */
  let well: string;
  const docker = (...args: readonly string[]) => swarm.manager.dockerOk(...args);

  beforeAll(async () => {
    swarm = await Swarm.start({ base: 96, workers: 2 });
    well = join(swarm.manager.directory, "well");
  });

  afterAll(() => swarm?.dispose());

  const create = (name: string, ...args: readonly string[]) =>
    docker("service", "create", "-d", "-q", "--no-resolve-image", "--stop-signal", "KILL", "--name", name, ...args);
  const checked = (): readonly string[] => [
    ...["--health-cmd", `test -e ${well}`, "--health-interval", "200ms", "--health-retries", "100000"],
  ];

  /** What `docker node ps` or `docker service ps` says of the tasks that are to run. */
  const says = async (what: "node" | "service", name: string): Promise<string[]> => {
    const format = "{{.Node}} {{.CurrentState}} {{.Error}}";
    const said = await docker(what, "ps", "--no-trunc", "-f", "desired-state=running", "--format", format, name);
    return said.split("\n").filter(line => line !== "");
  };
  const running = async (service: string, node = ""): Promise<number> =>
    (await says("service", service)).filter(line => line.startsWith(node) && line.includes(" Running ")).length;
  const runs = (service: string, count: number) =>
    eventually(`${count} of ${service} run`, async () => ((await running(service)) === count ? true : undefined));

  it("run on a drained node until their successors are healthy, and docker node ps says so", async () => {
    writeFileSync(well, "");
    const flags = ["--replicas", "2", "--update-order", "start-first", "--constraint", "node.role==worker"];
    await create("web", ...flags, ...checked(), "shoal/sleep");
    await runs("web", 2);
    expect([await running("web", "w1"), await running("web", "w2")]).toEqual([1, 1]);
    rmSync(well);
    const counts: number[] = [];
    await docker("node", "update", "--availability", "drain", "w1");
    const stays = await eventually("the task says why it stays", async () => {
      counts.push(await running("web"));
      return (await says("node", "w1")).find(line => line.includes("drained"));
    });
    expect(stays).toMatch(/^w1 Running .*node is drained: runs on until its replacement runs/);
    writeFileSync(well, "");
    await eventually("the node is empty", async () => {
      counts.push(await running("web"));
      return (await says("node", "w1")).length === 0 ? true : undefined;
    });
    expect({ fewest: Math.min(...counts), moved: await running("web", "w2") }).toEqual({ fewest: 2, moved: 2 });
  });

  it("leave a drained node unreplaced when its label's time is over", async () => {
    await docker("node", "update", "--availability", "active", "--label-add", "shoal.drain-timeout=1s", "w2");
    rmSync(well);
    await docker("node", "update", "--availability", "drain", "w2");
    await eventually("both tasks have been told to stop", async () =>
      (await running("web")) === 0 && (await says("node", "w2")).length === 0 ? true : undefined,
    );
    await eventually("no task runs on", async () =>
      (await docker("service", "ls", "--format", "{{.Name}} {{.Replicas}}")) === "web 0/2" ? true : undefined,
    );
    for (const node of ["w1", "w2"]) await docker("node", "update", "--availability", "active", node);
    await docker("service", "rm", "web");
  });

  it("are held until another is healthy, say so, and start then", async () => {
    rmSync(well, { force: true });
    await create("db", ...checked(), "shoal/sleep");
    await create("api", "--label", "shoal.depends-on=db:healthy", "shoal/sleep");
    const held = await eventually("the task says what it waits for", async () =>
      (await says("service", "api")).find(line => line.includes("waits for")),
    );
    expect(held).toMatch(/^Pending .*waits for service "db": 0\/1 healthy/);
    writeFileSync(well, "");
    await runs("api", 1);
    expect(await running("db")).toBe(1);
  });

  it("are refused with a wish that cannot be read, in words that say how to write it", async () => {
    const { code, stderr } = await swarm.manager.docker(
      "service",
      "update",
      "-d",
      "--label-add",
      "shoal.depends-on=db:up",
      "api",
    );
    expect(code).toBe(1);
    expect(stderr).toContain(
      'label shoal.depends-on="db:up" cannot be read: it takes SERVICE[:started|:healthy|:completed]',
    );
    expect(await docker("service", "inspect", "-f", "{{json .Spec.Labels}}", "api")).toBe(
      '{"shoal.depends-on":"db:healthy"}',
    );
  });
});
