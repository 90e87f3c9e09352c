import { randomBytes, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Capture } from "../lab/capture.ts";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { killLeader, leaderAndOthers } from "../lab/managers.ts";
import { MixedSwarm } from "../lab/mixed-swarm.ts";
import { dockerCliUnavailableReason, findProgram } from "../lab/requirements.ts";
import { rotateUnderScaling } from "../lab/rotation.ts";
import { runningTasks, setHeartbeat, type TaskView, tasksOf } from "../lab/services.ts";
import type { StockEngine } from "../lab/stock-engine.ts";

const reason = dockerCliUnavailableReason();
const title = "stock Docker Engines in a swarm of three Shoal managers";
/** A busy machine must not look like a dead one. */
const heartbeatMs = 20_000;
const noCapture = findProgram("tcpdump") ? undefined : "tcpdump is not installed";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  let swarm: MixedSwarm;
  let first: Daemon;
  let one: StockEngine;
  let other: StockEngine;

  beforeAll(async () => {
    swarm = await MixedSwarm.start({ managers: 3, workers: 0, engines: 2 });
    first = swarm.first;
    await setHeartbeat(first, heartbeatMs);
    [one, other] = swarm.engines as [StockEngine, StockEngine];
  });
  afterAll(() => swarm?.dispose());

  const nodeField = (name: string, field: string, asked = first): Promise<string> =>
    asked.dockerOk("node", "inspect", "-f", `{{.${field}}}`, name);
  const nodeIs = (engine: StockEngine, state: string, asked = first) =>
    eventually(`${engine.name} is ${state}`, async () =>
      (await nodeField(engine.name, "Status.State", asked)) === state ? true : undefined,
    );
  const on = (engine: StockEngine): string[] => ["--constraint", `node.hostname==${engine.name}`];
  const create = (name: string, ...args: string[]): Promise<string> =>
    first.dockerOk("service", "create", "-d", "--no-resolve-image", "--stop-signal", "KILL", "--name", name, ...args);
  const container = (engine: StockEngine, service: string): Promise<string> =>
    engine.dockerOk("ps", "-q", "--filter", `label=com.docker.swarm.service.name=${service}`);
  const idsOf = (tasks: readonly TaskView[]): string[] => tasks.map(({ ID }) => ID).sort();

  it("are told at once that they cannot be managers", async () => {
    const { code, stderr } = await one.docker(...(await swarm.joining("manager")));
    expect([code, stderr]).toEqual([1, expect.stringContaining("a Docker Engine can be its worker only")]);
    expect(await first.dockerOk("info", "--format", "{{.Swarm.Nodes}}")).toBe("3");
  });

  it("join as workers with their versions and cannot be promoted", async () => {
    for (const engine of swarm.engines) {
      expect(await engine.dockerOk(...(await swarm.joining("worker")))).toBe("This node joined a swarm as a worker.");
      await nodeIs(engine, "ready");
    }
    const lines = await first.dockerOk("node", "ls", "--format", "{{.Hostname}} {{.EngineVersion}} {{.TLSStatus}}");
    const version = await one.dockerOk("version", "--format", "{{.Server.Version}}");
    for (const { name } of swarm.engines) expect(lines.split("\n")).toContain(`${name} ${version} Ready`);
    const info = "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}} {{len .Swarm.RemoteManagers}}";
    expect(await one.dockerOk("info", "--format", info)).toBe("active false 3");
    const { code, stderr } = await first.docker("node", "promote", one.name);
    expect([code, stderr]).toEqual([1, expect.stringContaining("it is a Docker Engine")]);
    expect(await nodeField(one.name, "Spec.Role")).toBe("worker");
  });

  it("run tasks on the host's network with secrets, configs and templates", async () => {
    await first.dockerWith("very hidden", "secret", "create", "key", "-");
    await first.dockerWith("colour=blue", "config", "create", "settings", "-");
    await create(
      ...(["web", "--replicas", "4", "--network", "host", "--constraint", "node.role==worker"] as const),
      ...[
        "--secret",
        "source=key,target=door,uid=7,gid=8,mode=0400",
        "--config",
        "source=settings,target=/etc/settings",
      ],
      ...[
        "--env",
        "WHERE={{.Node.Hostname}}/{{.Task.Slot}}",
        "--hostname",
        "{{.Service.Name}}",
        "--limit-memory",
        "64m",
      ],
      ...["busybox", "sh", "-c", "echo up at $WHERE; sleep 100000"],
    );
    const tasks = await runningTasks(first, "web", 4);
    for (const engine of swarm.engines) {
      const [id = "", second] = (await container(engine, "web")).split("\n");
      expect(second).toBeDefined();
      const inside = (script: string) => engine.dockerOk("exec", id, "sh", "-c", script);
      expect(await inside("cat /run/secrets/door; stat -c ' %u:%g %a' /run/secrets/door")).toBe("very hidden 7:8 400");
      expect(await inside("cat /etc/settings; echo; ip address show eth0 | grep -c 10.99.0")).toBe("colour=blue\n1");
      const slot = tasks.find(task => task.Status.ContainerStatus?.ContainerID.startsWith(id))?.Slot;
      expect(await inside("echo $WHERE")).toBe(`${engine.name}/${slot}`);
      const limits = "{{.HostConfig.Memory}} {{json .NetworkSettings.Networks}}";
      expect(await engine.dockerOk("inspect", "-f", limits, id)).toMatch(/^67108864 \{"host":/);
    }
  });

  it("run tasks on their bridge, with ports of the host", async () => {
    const serve = "while :; do echo served | nc -l -p 80; done";
    await create(
      "served",
      ...on(other),
      "--publish",
      "mode=host,published=8080,target=80",
      "busybox",
      "sh",
      "-c",
      serve,
    );
    await runningTasks(first, "served", 1);
    await eventually("the port answers", async () => {
      const ask = ["busybox", "nc", "-w", "5", other.host.address, "8080"];
      return (await one.host.namespace.tryRun(ask)).stdout === "served\n" ? true : undefined;
    });
    // An engine tells of its IPv4 and of its IPv6 side.
    expect(await first.dockerOk("service", "ps", "--format", "{{.Ports}}", "served")).toContain("*:8080->80/tcp");
    await first.dockerOk("service", "rm", "served");
  });

  it("are given no tasks on overlay networks, and it is said why", async () => {
    await create("meshed", ...on(other), "--publish", "8081:80", "busybox", "sleep", "100000");
    const why = await eventually("it is looked at", async () => (await tasksOf(first, "meshed"))[0]?.Status.Err);
    expect(why).toContain("overlay networks not served by a stock engine on 1 node");
    await first.dockerOk("service", "rm", "meshed");
  });

  it("report how tasks end, and what cannot be started", async () => {
    await create("seven", ...on(one), "--restart-condition", "none", "busybox", "sh", "-c", "exit 7");
    await create("wrong", ...on(one), "--restart-condition", "none", "busybox", "no-such-program");
    const end = (service: string) =>
      eventually(`${service} has ended`, async () => {
        const [task] = await tasksOf(first, service);
        return ["failed", "rejected"].includes(task?.Status.State ?? "") ? task?.Status : undefined;
      });
    const seven = await end("seven");
    expect([seven.Err, seven.ContainerStatus]).toEqual([
      "task: non-zero exit (7)",
      expect.objectContaining({ ExitCode: 7 }),
    ]);
    expect((await end("wrong")).Err).toContain('exec: "no-such-program": executable file not found');
    await first.dockerOk("service", "rm", "seven", "wrong");
  });

  it("stream their logs", async () => {
    const logs = await first.dockerOk("service", "logs", "web");
    const heard = logs
      .split("\n")
      .map(line => /^web\.\d\.\w+@(\w+)\s+\| up at (\w+)\/\d$/.exec(line)?.slice(1).join(" "));
    const names = swarm.engines.map(({ name }) => `${name} ${name}`);
    expect(heard.sort()).toEqual([...names, ...names].sort());
    await create("ticks", ...on(one), "busybox", "sh", "-c", "while :; do echo tick; sleep 1; done");
    const followed = first.dockerUntil("service", "logs", "-f", "ticks");
    await eventually("three ticks are heard", () => (followed.said().split("tick\n").length > 3 ? true : undefined));
    await followed.stop();
    await first.dockerOk("service", "rm", "ticks");
  });

  it.skipIf(noCapture)(
    `get secrets of which no byte is to be seen on the wire${noCapture ? ` (skipped: ${noCapture})` : ""}`,
    async () => {
      const [hidden, plain] = [randomBytes(24).toString("hex"), randomBytes(24).toString("hex")];
      const { leader, others } = await leaderAndOthers(swarm.managers);
      const capture = await Capture.begin(swarm.lab.hub, one.host.dir);
      try {
        // Through a manager that has to pass it on; and to a stock engine, to a Shoal node.
        await others[0]!.dockerWith(hidden, "secret", "create", "hidden", "-");
        const use = ["--secret", "hidden", "--restart-condition", "none"];
        await create(
          "reader",
          ...on(one),
          ...use,
          "busybox",
          "sh",
          "-c",
          "cat /run/secrets/hidden | tr 0-9a-f A-P; sleep 1000",
        );
        await create(
          "node-reader",
          "--constraint",
          `node.hostname==${others[1]!.options.hostname}`,
          ...use,
          "shoal/sleep",
        );
        await runningTasks(first, "reader", 1);
        await runningTasks(first, "node-reader", 1);
        const id = await container(one, "reader");
        expect(await one.dockerOk("exec", id, "cat", "/run/secrets/hidden")).toBe(hidden);
        await eventually("every manager has it", async () => {
          const names = await Promise.all(
            swarm.managers.map(each => each.dockerOk("secret", "ls", "--format", "{{.Name}}")),
          );
          return names.every(text => text.includes("hidden")) || undefined;
        });
        // What is sent in clear is seen.
        const listening = other.host.namespace.run(["busybox", "nc", "-l", "-p", "7777"]);
        await eventually("somebody listens", async () =>
          (await other.host.namespace.run(["busybox", "netstat", "-ltn"])).includes(":7777 ") ? true : undefined,
        );
        const send = `printf %s ${plain} > /dev/tcp/${other.host.address}/7777`;
        await one.host.namespace.run(["bash", "-c", send]);
        expect(await listening).toBe(plain);
        await eventually("the capture has what is plain", async () => ((await capture.has(plain)) ? true : undefined));
        expect(await capture.has(hidden)).toBe(false);
      } finally {
        await capture.end();
      }
      const leaderHost = `tcp port 2377 and host ${leader.options.address}`;
      for (const address of [...others.map(({ options }) => options.address), one.host.address])
        expect(await capture.count(`${leaderHost} and host ${address} and greater 100`)).toBeGreaterThan(0);
      await first.dockerOk("service", "rm", "reader", "node-reader");
    },
  );

  it("follow the swarm to another root, again and again, while services are scaled up and down", async () => {
    const web = idsOf(await runningTasks(first, "web", 4));
    const serial = () => new X509Certificate(one.certificate("swarm-node.crt")).serialNumber;
    const [before, root] = [serial(), one.certificate("swarm-root-ca.crt")];
    const { ms, scalings, violations } = await rotateUnderScaling(swarm);
    expect(violations).toEqual([]);
    expect(scalings).toBeGreaterThan(0);
    expect(ms).toBeLessThan(60_000);
    const between = serial();
    expect(between).not.toBe(before);
    await first.dockerOk("swarm", "ca", "--rotate", "--quiet");
    expect(serial()).not.toBe(between);
    await eventually("it trusts the third root", async () =>
      one.certificate("swarm-root-ca.crt") === (await first.dockerOk("swarm", "ca")) ? true : undefined,
    );
    expect(one.certificate("swarm-root-ca.crt")).not.toBe(root);
    expect(idsOf(await runningTasks(first, "web", 4))).toEqual(web);
  });

  it("go on under the next leader when theirs is killed", async () => {
    const before = idsOf(await runningTasks(first, "web", 4));
    const { leader, others } = await leaderAndOthers(swarm.managers);
    const next = await killLeader(leader, others);
    await next.dockerOk("service", "scale", "-d", "web=6");
    const now = await runningTasks(next, "web", 6);
    expect(idsOf(now)).toEqual(expect.arrayContaining(before));
    await next.dockerOk("service", "scale", "-d", "web=4");
    await runningTasks(next, "web", 4);
    await leader.start();
    for (const engine of swarm.engines) await nodeIs(engine, "ready", next);
  });

  it("are there again when all managers have been restarted, their tasks untouched", async () => {
    const before = idsOf(await runningTasks(first, "web", 4));
    await Promise.all(swarm.managers.map(each => each.end("SIGKILL")));
    await Promise.all(swarm.managers.map(each => each.start()));
    await leaderAndOthers(swarm.managers);
    for (const engine of swarm.engines) await nodeIs(engine, "ready");
    await first.dockerOk("service", "update", "-d", "-q", "--label-add", "after=restart", "web");
    expect(idsOf(await runningTasks(first, "web", 4))).toEqual(before);
  });

  it("get their tasks back when an engine dies and starts again", async () => {
    const id = await nodeField(one.name, "ID");
    const lost = (await runningTasks(first, "web", 4)).filter(({ NodeID }) => NodeID === id);
    expect(lost.length).toBeGreaterThan(0);
    await one.kill();
    await one.start();
    await eventually("all that was lost is replaced", async () => {
      const tasks = await runningTasks(first, "web", 4);
      return tasks.every(({ ID }) => lost.every(gone => gone.ID !== ID)) || undefined;
    });
    await nodeIs(one, "ready");
  });

  it("give up their tasks when drained, and leave", async () => {
    await first.dockerOk("node", "update", "--availability", "drain", one.name);
    const id = await nodeField(other.name, "ID");
    await eventually("all tasks are on the other engine", async () => {
      const tasks = await runningTasks(first, "web", 4);
      return tasks.every(({ NodeID }) => NodeID === id) || undefined;
    });
    await eventually("its containers have ended", async () =>
      (await container(one, "web")) === "" ? true : undefined,
    );
    expect(await one.dockerOk("swarm", "leave")).toBe("Node left the swarm.");
    expect(await one.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}}")).toBe("inactive");
    await first.dockerOk("node", "rm", "--force", one.name);
    expect(await first.dockerOk("node", "ls", "--format", "{{.Hostname}}")).not.toContain(one.name);
    await one.dockerOk(...(await swarm.joining("worker")));
    await nodeIs(one, "ready");
  });
});
