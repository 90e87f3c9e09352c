import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { createLab, type Lab, type LabHost } from "../lab/lab.ts";
import { dockerCliUnavailableReason } from "../lab/requirements.ts";
import { runningTasks, tasksOf } from "../lab/services.ts";
import { StockEngine } from "../lab/stock-engine.ts";

const reason = dockerCliUnavailableReason();
const title = "shoald as a worker of a stock Docker manager";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  let lab: Lab;
  let manager: StockEngine;
  /** Runs tasks with an engine of its own; without one. */
  let docker: Daemon;
  let embedded: Daemon;

  beforeAll(async () => {
    lab = await createLab(3, { docker: false });
    const [first, second, third] = lab.hosts;
    await Promise.all([first!.startDocker(), second!.startDocker()]);
    manager = new StockEngine(first!);
    const engine = ["--runtime", "docker", "--engine", `unix://${second!.docker.socket}`];
    const daemon = ({ address, name, namespace }: LabHost, flags: string[]) =>
      new Daemon({ address, hostname: name, namespace, flags });
    docker = daemon(second!, engine);
    embedded = daemon(third!, ["--runtime", "embedded"]);
    await Promise.all([docker.start(), embedded.start()]);
    // A busy machine must not look like a dead one.
    const heartbeat = ["--dispatcher-heartbeat", "20s"];
    await manager.dockerOk("swarm", "init", "--advertise-addr", first!.address, ...heartbeat);
  });
  afterAll(async () => {
    await Promise.all([docker?.end("SIGKILL"), embedded?.end("SIGKILL")]);
    await lab?.close();
    await Promise.all([docker?.dispose(), embedded?.dispose()]);
  });

  const both = (): Daemon[] => [docker, embedded];
  const name = (daemon: Daemon): string => daemon.options.hostname;
  const nodeIs = (daemon: Daemon, state: string) =>
    eventually(`${name(daemon)} is ${state}`, async () => {
      const now = await manager.dockerOk("node", "inspect", "-f", "{{.Status.State}}", name(daemon));
      return now === state ? true : undefined;
    });
  const create = (service: string, on: Daemon, ...args: string[]): Promise<string> => {
    const place = ["--constraint", `node.hostname==${name(on)}`];
    const own = ["--no-resolve-image", "--stop-signal", "KILL", "--name", service, ...place];
    return manager.dockerOk("service", "create", "-d", ...own, ...args);
  };
  const saidBy = (service: string, lines: number): Promise<string[]> =>
    eventually(`${service} has said ${lines} lines`, async () => {
      const said = (await manager.dockerOk("service", "logs", "--raw", service)).split("\n").filter(Boolean);
      return said.length === lines ? said : undefined;
    });
  /** Every task there has been of what runs on and on, and why those that ended did. */
  const kept = (): Promise<string> =>
    manager.dockerOk("service", "ps", "--no-trunc", "--format", "{{.ID}} {{.DesiredState}} {{.Error}}", "web", "plain");
  const certificate = (daemon: Daemon, file: string): string =>
    readFileSync(join(daemon.directory, "data/swarm/certificates", file), "utf8").trim();

  it("joins, and is shown with its version", async () => {
    const token = await manager.dockerOk("swarm", "join-token", "-q", "worker");
    for (const daemon of both()) {
      const joined = await daemon.dockerOk("swarm", "join", "--token", token, `${manager.host.address}:2377`);
      expect(joined).toBe("This node joined a swarm as a worker.");
      await nodeIs(daemon, "ready");
      expect(await daemon.dockerOk("info", "-f", "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}")).toBe(
        "active false",
      );
      const { stderr } = await daemon.docker("node", "ls");
      expect(stderr).toContain("This node is not a swarm manager. Worker nodes can't be used to view or modify");
    }
    const lines = await manager.dockerOk("node", "ls", "--format", "{{.Hostname}} {{.EngineVersion}} {{.TLSStatus}}");
    const version = await docker.dockerOk("version", "--format", "{{.Server.Version}}");
    expect(lines.split("\n")).toEqual(expect.arrayContaining([`${name(docker)} ${version} Ready`]));
  });

  it("runs containers with secrets, configs, templates and ports", async () => {
    await manager.dockerWith("very hidden", "secret", "create", "key", "-");
    await manager.dockerWith("at {{.Node.Hostname}}", "config", "create", "--template-driver", "golang", "page", "-");
    const script =
      "cat /run/secrets/door; stat -c ' %u:%g %a' /run/secrets/door; cat /etc/page; echo; echo $WHERE; nc -l -p 80";
    await create(
      ...(["web", docker, "--secret", "source=key,target=door,uid=7,gid=8,mode=0400"] as const),
      ...["--config", "source=page,target=/etc/page", "--env", "WHERE={{.Service.Name}}.{{.Task.Slot}}"],
      ...["--publish", "mode=host,published=8080,target=80", "busybox", "sh", "-c", script],
    );
    await runningTasks(manager, "web", 1);
    expect(await saidBy("web", 3)).toEqual(["very hidden 7:8 400", `at ${name(docker)}`, "web.1"]);
    expect(await manager.dockerOk("service", "ps", "--format", "{{.Ports}}", "web")).toBe("*:8080->80/tcp");
    await create(
      "host",
      docker,
      "--network",
      "host",
      "busybox",
      "sh",
      "-c",
      "ip address show eth0 | grep -c 10.99.0; sleep 1000",
    );
    expect(await saidBy("host", 1)).toEqual(["1"]);
  });

  it("runs processes without an engine, with configs", async () => {
    const script = 'cat "$SHOAL_CONFIGS_DIR/page"; echo; echo $WHERE; sleep 100000';
    await create(
      "plain",
      embedded,
      "--config",
      "page",
      "--env",
      "WHERE={{.Node.Hostname}}",
      "shoal/job",
      "sh",
      "-c",
      script,
    );
    expect(await saidBy("plain", 2)).toEqual([`at ${name(embedded)}`, name(embedded)]);
  });

  it("reports how tasks end", async () => {
    for (const [service, on, image] of [
      ["seven", docker, "busybox"],
      ["job", embedded, "shoal/job"],
    ] as const) {
      await create(service, on, "--restart-condition", "none", image, "sh", "-c", "exit 7");
      const failed = await eventually("it has failed", async () => {
        const [task] = await tasksOf(manager, service);
        return task?.Status.State === "failed" ? task.Status : undefined;
      });
      expect([failed.Err, failed.ContainerStatus]).toEqual([
        "task: non-zero exit (7)",
        expect.objectContaining({ ExitCode: 7 }),
      ]);
      await manager.dockerOk("service", "rm", service);
    }
  });

  it("renews its certificate and follows to another root, its tasks untouched", async () => {
    const before = await kept();
    const serials = () => both().map(each => new X509Certificate(certificate(each, "swarm-node.crt")).serialNumber);
    const old = serials();
    await manager.dockerOk("swarm", "ca", "--rotate", "--quiet");
    const root = await manager.dockerOk("swarm", "ca");
    for (const daemon of both())
      await eventually(
        `${name(daemon)} trusts it`,
        () => certificate(daemon, "swarm-root-ca.crt") === root || undefined,
      );
    for (const [at, serial] of serials().entries()) expect(serial).not.toBe(old[at]);
    expect(await kept()).toBe(before);
  });

  it("is there again after a restart, its own or the manager's, its tasks untouched", async () => {
    const before = await kept();
    for (const daemon of both()) {
      await daemon.end("SIGKILL");
      await daemon.start();
    }
    await manager.kill();
    await manager.start();
    await eventually("the manager leads again", async () =>
      (await manager.docker("node", "ls")).code === 0 ? true : undefined,
    );
    for (const daemon of both()) await nodeIs(daemon, "ready");
    expect(await kept()).toBe(before);
  });

  it("gives up its tasks when drained, and leaves", async () => {
    await manager.dockerOk("node", "update", "--availability", "drain", name(docker));
    await eventually("its containers are gone", async () =>
      (await docker.dockerOk("ps", "-q")) === "" ? true : undefined,
    );
    for (const daemon of both()) expect(await daemon.dockerOk("swarm", "leave")).toBe("Node left the swarm.");
    await manager.dockerOk("node", "rm", "--force", ...both().map(name));
    expect(await manager.dockerOk("node", "ls", "--format", "{{.Hostname}}")).toBe(manager.name);
    expect(await docker.dockerOk("ps", "-aq")).toBe("");
  });
});
