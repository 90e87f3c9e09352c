import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { createLab, type Lab, type LabHost } from "../lab/lab.ts";
import { dockerCliUnavailableReason } from "../lab/requirements.ts";
import { runningTasks, setHeartbeat, type TaskView, tasksOf } from "../lab/services.ts";

const reason = dockerCliUnavailableReason();
const title = "three hosts with a Docker Engine each";

/** A busy machine must not look like a dead one. */
const heartbeatMs = 5_000;
const restartDelayMs = 1_000;
const replicas = 6;

const at = (task: TaskView): number => Date.parse(task.Status.Timestamp);
const containersOf = (tasks: readonly TaskView[]): string[] =>
  tasks.map(task => task.Status.ContainerStatus?.ContainerID ?? "").sort();

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 180_000 }, () => {
  let lab: Lab;
  let manager: Daemon;
  let workers: readonly Daemon[];
  let all: readonly Daemon[];

  beforeAll(async () => {
    lab = await createLab(3, { dockerd: { args: ["--live-restore"] } });
    all = lab.hosts.map((host, index) => daemonOf(host, index === 0 ? "none" : `disk${index}`));
    const [first, ...others] = all;
    manager = first!;
    workers = others;
    await Promise.all(all.map(one => one.start()));
  }, 180_000);

  afterAll(async () => {
    for (const one of all ?? []) await one.dispose();
    await lab?.close();
  });

  function daemonOf(host: LabHost, disk: string): Daemon {
    const flags = ["--runtime", "docker", "--engine", `unix://${host.docker.socket}`, "--label", `disk=${disk}`];
    return new Daemon({ address: host.address, hostname: host.name, namespace: host.namespace, flags });
  }

  /** Ids of the containers that run on a node, as its engine sees them. */
  const runningOn = async (daemon: Daemon): Promise<string[]> =>
    (await daemon.dockerOk("ps", "-q", "--no-trunc")).split("\n").filter(Boolean);

  /** Ids and start times of the containers that run on a node. */
  const startedOn = async (daemon: Daemon): Promise<string[]> => {
    const ids = await runningOn(daemon);
    if (ids.length === 0) return [];
    return (await daemon.dockerOk("inspect", "-f", "{{.Id}} {{.State.StartedAt}}", ...ids)).split("\n").sort();
  };

  /** How long the engine of this machine takes for a container's whole life, now: nothing can be asked to be quicker. */
  const containerMs = async (): Promise<number> => {
    const begin = performance.now();
    await manager.dockerOk("run", "--rm", "busybox", "true");
    return performance.now() - begin;
  };

  const nodeId = async (name: string): Promise<string> => manager.dockerOk("node", "inspect", "-f", "{{.ID}}", name);

  const nodeIs = (name: string, state: string) =>
    eventually(`${name} is ${state}`, async () => {
      const now = await manager.dockerOk("node", "inspect", "-f", "{{.Status.State}}", name);
      return now === state ? true : undefined;
    });

  const web = () => runningTasks(manager, "web", replicas);

  it("become a swarm", async () => {
    const { address } = manager.options;
    await manager.dockerOk("swarm", "init", "--advertise-addr", address);
    const token = await manager.dockerOk("swarm", "join-token", "-q", "worker");
    for (const worker of workers) await worker.dockerOk("swarm", "join", "--token", token, `${address}:2377`);
    await setHeartbeat(manager, heartbeatMs);
    for (const { name } of lab.hosts) await nodeIs(name, "ready");
    const engines = await manager.dockerOk("node", "ls", "--format", "{{.Hostname}} {{.EngineVersion}}");
    const version = await manager.dockerOk("info", "--format", "{{.ServerVersion}}");
    expect(engines.split("\n").sort()).toEqual(lab.hosts.map(({ name }) => `${name} ${version}`));
  });

  it("run a service, balanced, as containers with Docker's labels", async () => {
    const create = ["service", "create", "--name", "web", "--replicas", String(replicas), "--update-monitor", "1s"];
    const begin = performance.now();
    // Without a registry to be reached, the CLI's question for the image's digest is to fail at once.
    const output = await manager.dockerOk(
      ...[...create, "--restart-delay", `${restartDelayMs}ms`, "--stop-signal", "KILL"],
      ...["--update-parallelism", "3", "--env", "GREETING=hello", "busybox"],
      ...["sh", "-c", "echo $GREETING; sleep 100000"],
    );
    expect(output).toContain("verify: Service");
    expect(performance.now() - begin).toBeLessThan(Math.max(20_000, 20 * (await containerMs())));
    const listed = await manager.dockerOk("service", "ps", "--format", "{{.Node}}", "web");
    expect(listed.split("\n").sort()).toEqual(["host1", "host1", "host2", "host2", "host3", "host3"]);
    const [worker] = workers;
    const own = (await web()).filter(task => task.NodeID !== undefined);
    const id = await nodeId("host2");
    const label = (name: string) => `{{.Label "com.docker.swarm.${name}"}}`;
    const format = `{{.ID}} {{.Names}} ${label("task.id")} ${label("service.name")} ${label("node.id")}`;
    const shown = await worker!.dockerOk("ps", "--no-trunc", "--format", format);
    const expected = own
      .filter(task => task.NodeID === id)
      .map(task => `${containersOf([task])[0]} web.${task.Slot}.${task.ID} ${task.ID} web ${id}`);
    expect(shown.split("\n").sort()).toEqual(expected.sort());
  });

  it("tell their logs", async () => {
    const logs = await manager.dockerOk("service", "logs", "web");
    const heard = logs.split("\n").map(line => /^web\.\d\.\w+@(\w+)\s+\| hello$/.exec(line)?.[1]);
    expect(heard.sort()).toEqual(["host1", "host1", "host2", "host2", "host3", "host3"]);
  });

  it("hand through what is the engine's: exec, run, info", async () => {
    const [worker] = workers;
    const [container = ""] = await runningOn(worker!);
    expect(await worker!.dockerOk("exec", container, "sh", "-c", "echo $GREETING")).toBe("hello");
    const run = await worker!.dockerWith("through the socket\n", "run", "--rm", "-i", "busybox", "cat");
    expect(run).toMatchObject({ code: 0, stdout: "through the socket\n" });
    const info = "{{.Name}} {{.ContainersRunning}} {{.Driver}} {{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}";
    expect(await worker!.dockerOk("info", "--format", info)).toMatch(/^host2 2 \w+ active false$/);
    expect(await manager.dockerOk("info", "--format", "{{.Swarm.Nodes}} {{.Swarm.Managers}}")).toBe("3 1");
  });

  it("replace a container that somebody removes, after the restart delay", async () => {
    const [worker] = workers;
    const logs = manager.dockerUntil("service", "logs", "-f", "web");
    await eventually("logs are followed", () => (logs.said().includes("hello") ? true : undefined));
    const [removed = ""] = await runningOn(worker!);
    const lost = (await web()).find(task => task.Status.ContainerStatus?.ContainerID === removed);
    await worker!.dockerOk("rm", "-f", removed);
    const next = await eventually("a replacement runs", async () => {
      const inSlot = (await tasksOf(manager, "web")).filter(task => task.Slot === lost!.Slot && task.ID !== lost!.ID);
      return inSlot.find(task => task.Status.State === "running");
    });
    const failed = (await tasksOf(manager, "web")).find(task => task.ID === lost!.ID)!;
    expect(failed.Status.State).toBe("failed");
    expect(at(next) - at(failed)).toBeGreaterThanOrEqual(restartDelayMs);
    expect(at(next) - at(failed)).toBeLessThan(restartDelayMs + Math.max(2_000, 10 * (await containerMs())));
    await eventually("who follows the logs hears of it too", () =>
      logs.said().includes(next.ID.slice(0, 12)) ? true : undefined,
    );
    await logs.stop();
  });

  it("run no task twice when somebody starts the container of one that has failed", async () => {
    const [worker] = workers;
    const before = await runningOn(worker!);
    const [restarted = ""] = before;
    await worker!.dockerOk("kill", restarted);
    await eventually("its task has failed", async () => {
      const task = (await tasksOf(manager, "web")).find(each => each.Status.ContainerStatus?.ContainerID === restarted);
      return task?.Status.State === "failed" ? true : undefined;
    });
    await worker!.dockerOk("start", restarted);
    await web();
    await eventually("only the replacement runs", async () => {
      const now = await runningOn(worker!);
      return now.length === before.length && !now.includes(restarted) ? true : undefined;
    });
  });

  it("keep their containers when their daemons stop, die and start again", async () => {
    await web();
    const before = await Promise.all(all.map(startedOn));
    expect(before.flat()).toHaveLength(replicas);
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await Promise.all(all.map(one => one.end(signal)));
      await Promise.all(all.map(one => one.start()));
      for (const { name } of lab.hosts) await nodeIs(name, "ready");
      await web();
    }
    expect(await Promise.all(all.map(startedOn))).toEqual(before);
  });

  it("keep their containers when an engine that restores them alive dies and starts again", async () => {
    const [worker] = workers;
    const { docker } = lab.hosts[1]!;
    const before = await startedOn(worker!);
    await docker.end("SIGKILL");
    const { stderr } = await worker!.docker("ps");
    expect(stderr).toMatch(/docker\.sock/);
    expect(await worker!.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}}")).toBe("active");
    await docker.start();
    await web();
    expect(await startedOn(worker!)).toEqual(before);
    expect((await tasksOf(manager, "web")).filter(task => task.Status.State === "running")).toHaveLength(replicas);
  });

  it("give secrets, configs and ports to tasks, where a constraint says", async () => {
    const [worker] = workers;
    await manager.dockerWith("very hidden", "secret", "create", "password", "-");
    await manager.dockerWith("colour=blue", "config", "create", "settings", "-");
    const serve = "while :; do cat /run/secrets/password /etc/settings | nc -l -p 80; done";
    await manager.dockerOk(
      ...["service", "create", "-d", "--no-resolve-image", "--name", "answer", "--stop-signal", "KILL"],
      ...["--constraint", "engine.labels.disk==disk2", "--publish", "mode=host,published=8080,target=80"],
      ...["--secret", "password", "--config", "source=settings,target=/etc/settings", "busybox", "sh", "-c", serve],
    );
    const [task] = await runningTasks(manager, "answer", 1);
    expect(task!.NodeID).toBe(await nodeId("host3"));
    const answer = await lab.hosts[1]!.namespace.run(["busybox", "nc", "-w", "2", lab.hosts[2]!.address, "8080"]);
    expect(answer).toBe("very hiddencolour=blue");
    const ports = await manager.dockerOk("service", "ps", "--format", "{{.Ports}}", "answer");
    expect(ports).toBe("*:8080->80/tcp");
    expect(await worker!.dockerOk("ps", "-q", "--filter", "label=com.docker.swarm.service.name=answer")).toBe("");
  });

  it("tell what happens in one stream: the swarm's events and the engine's", async () => {
    const since = Math.floor(Date.now() / 1000);
    await manager.dockerOk(
      ...["service", "create", "-d", "-q", "--no-resolve-image", "--name", "brief", "--stop-signal", "KILL"],
      ...["--constraint", "node.role==manager", "busybox", "sleep", "1000"],
    );
    await runningTasks(manager, "brief", 1);
    await manager.dockerOk("service", "rm", "brief");
    const told = await eventually("the container's end is told", async () => {
      const until = Math.ceil(Date.now() / 1000);
      const format = "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}";
      const args = ["events", "--since", String(since), "--until", String(until), "--format", format];
      const lines = (await manager.dockerOk(...args)).split("\n");
      return lines.some(line => line.startsWith("container destroy brief.")) ? lines : undefined;
    });
    const swarm = told.filter(line => line.startsWith("service "));
    expect(swarm).toEqual(expect.arrayContaining(["service create brief", "service remove brief"]));
    const kinds = told.filter(line => line.startsWith("container ")).map(line => line.replace(/ brief\..*/, ""));
    expect(kinds.slice(0, 2)).toEqual(["container create", "container start"]);
    expect(kinds.slice(-1)).toEqual(["container destroy"]);
  });

  it("take a new image, some tasks at a time", async () => {
    for (const one of all) await one.dockerOk("tag", "busybox", "busybox:second");
    await manager.dockerOk("service", "update", "--image", "busybox:second", "web");
    expect(await manager.dockerOk("service", "inspect", "-f", "{{.UpdateStatus.State}}", "web")).toBe("completed");
    const images = await Promise.all(all.map(one => one.dockerOk("ps", "-f", "name=web.", "--format", "{{.Image}}")));
    expect(images.flatMap(lines => lines.split("\n"))).toEqual(Array(replicas).fill("busybox:second"));
  });

  it("survive the death of a worker's daemon and engine, and clean up what is left when they are back", async () => {
    const [worker] = workers;
    const { docker } = lab.hosts[1]!;
    await manager.dockerOk("swarm", "update", "--task-history-limit", "1");
    const id = await nodeId("host2");
    const lost = containersOf((await web()).filter(task => task.NodeID === id));
    expect(lost.length).toBeGreaterThan(0);
    const killed = Date.now();
    await Promise.all([worker!.end("SIGKILL"), docker.end("SIGKILL")]);
    await nodeIs("host2", "down");
    const moved = (await web()).filter(task => at(task) > killed);
    expect(moved).toHaveLength(lost.length);
    const startMs = Math.max(3_000, 10 * (await containerMs()));
    for (const task of moved) {
      expect(task.NodeID).not.toBe(id);
      expect(at(task) - killed).toBeGreaterThan(2 * heartbeatMs);
      expect(at(task) - killed).toBeLessThan(3 * heartbeatMs + restartDelayMs + startMs);
    }
    await docker.start();
    await worker!.start();
    await nodeIs("host2", "ready");
    await eventually("the old containers are removed", async () =>
      (await worker!.dockerOk("ps", "-aq")) === "" ? true : undefined,
    );
    expect(containersOf(await web())).not.toEqual(expect.arrayContaining(lost));
  });

  it("move the tasks of a host whose cable is pulled, and end the old ones when it is back", async () => {
    const host = lab.hosts[2]!;
    const daemon = workers[1]!;
    const id = await nodeId("host3");
    const before = await runningOn(daemon);
    expect(before.length).toBeGreaterThan(0);
    await host.unplug();
    await nodeIs("host3", "down");
    expect((await web()).some(task => task.NodeID === id)).toBe(false);
    // Cut off, it goes on with what it was given.
    expect(await runningOn(daemon)).toEqual(before);
    await host.plug();
    await nodeIs("host3", "ready");
    await eventually("the old tasks have ended", async () =>
      (await runningOn(daemon)).some(container => before.includes(container)) ? undefined : true,
    );
    await eventually("that is reported", async () => {
      const old = (await tasksOf(manager, "web")).filter(task => task.NodeID === id && task.DesiredState !== "running");
      return old.every(task => task.Status.State !== "running") ? true : undefined;
    });
  });

  it("leave nothing on a node when services are removed and it leaves", async () => {
    await manager.dockerOk("service", "rm", "web", "answer");
    for (const one of all)
      await eventually("all containers are gone", async () =>
        (await one.dockerOk("ps", "-aq")) === "" ? true : undefined,
      );
    await manager.dockerOk("secret", "rm", "password");
    await workers[0]!.dockerOk("swarm", "leave");
    await nodeIs("host2", "down");
    await manager.dockerOk("node", "rm", "host2");
    expect(await manager.dockerOk("info", "--format", "{{.Swarm.Nodes}}")).toBe("2");
  });
});
