import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { createLab, type Lab, type LabHost } from "../lab/lab.ts";
import { dockerCliUnavailableReason } from "../lab/requirements.ts";
import { runningTasks, tasksOf } from "../lab/services.ts";
import { filesWith, hasInMemory } from "../lab/traces.ts";

const reason = dockerCliUnavailableReason();
const title = "secrets and templates in a swarm of three hosts, one of them with a Docker Engine";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 180_000 }, () => {
  /** Found nowhere by chance. */
  const hidden = randomBytes(24).toString("hex");
  const known = randomBytes(24).toString("hex");
  let lab: Lab;
  let manager: Daemon;
  let user: Daemon;
  let other: Daemon;
  let all: readonly Daemon[];
  let engine: LabHost;

  beforeAll(async () => {
    lab = await createLab(3, { docker: false });
    engine = lab.hosts[1]!;
    await engine.startDocker();
    const docker = ["--runtime", "docker", "--engine", `unix://${engine.docker.socket}`];
    all = lab.hosts.map(host => {
      const flags = host === engine ? docker : ["--runtime", "embedded"];
      return new Daemon({ address: host.address, hostname: host.name, namespace: host.namespace, flags });
    });
    [manager, user, other] = all as [Daemon, Daemon, Daemon];
    await Promise.all(all.map(one => one.start()));
    const { address } = manager.options;
    await manager.dockerOk("swarm", "init", "--advertise-addr", address);
    const token = await manager.dockerOk("swarm", "join-token", "-q", "worker");
    for (const worker of [user, other]) await worker.dockerOk("swarm", "join", "--token", token, `${address}:2377`);
  }, 180_000);

  afterAll(async () => {
    for (const one of all ?? []) await one.dispose();
    await lab?.close();
  });

  /** Files of the hosts' disks, those of daemons and engines among them, that hold a text. */
  const onDisk = (text: string): Promise<string[]> => filesWith(text, [engine.dir, ...all.map(one => one.directory)]);

  const secretFiles = (): Promise<string> =>
    engine.namespace.run(["sh", "-c", "find /run/shoal /dev/shm/shoal -type f 2>/dev/null | grep -v sock || true"]);

  const container = async (service: string): Promise<string> => {
    await runningTasks(manager, service, 1);
    return user.dockerOk("ps", "-q", "--filter", `label=com.docker.swarm.service.name=${service}`);
  };

  it("give a task its secrets, and configs that are templates", async () => {
    await manager.dockerWith(hidden, "secret", "create", "key", "-");
    const page = '{{.Service.Name}} on {{.Node.Hostname}}: {{env "LEVEL"}} [{{secret "key"}}] {{config "/etc/plain"}}';
    await manager.dockerWith(page, "config", "create", "--template-driver", "golang", "page", "-");
    await manager.dockerWith("{{left alone}}", "config", "create", "plain", "-");
    await manager.dockerWith(
      '{{.Task.Slot}}:{{secret "key"}}',
      "secret",
      "create",
      "--template-driver",
      "golang",
      "line",
      "-",
    );
    await manager.dockerOk(
      ...["service", "create", "-d", "--no-resolve-image", "--name", "vault", "--stop-signal", "KILL"],
      ...["--constraint", "node.hostname==host2", "--hostname", "{{.Service.Name}}-{{.Task.Slot}}"],
      ...["--env", `LEVEL=${known}`, "--env", "WHERE={{.Node.Hostname}}/{{.Node.Platform.OS}}"],
      ...["--mount", "type=volume,source=data-{{.Task.Slot}},target=/data,volume-label=slot={{.Task.Slot}}"],
      ...["--secret", "source=key,target=key,uid=7,gid=8,mode=0400", "--secret", "line"],
      ...["--config", "source=page,target=/etc/page", "--config", "source=plain,target=/etc/plain"],
      ...["busybox", "sleep", "100000"],
    );
    const id = await container("vault");
    const inside = (script: string): Promise<string> => user.dockerOk("exec", id, "sh", "-c", script);
    expect(await inside("cat /run/secrets/key; stat -c ' %u:%g %a' /run/secrets/key")).toBe(`${hidden} 7:8 400`);
    expect(await inside("cat /run/secrets/line")).toBe(`1:${hidden}`);
    expect(await inside("cat /etc/page")).toBe(`vault on host2: ${known} [${hidden}] {{left alone}}`);
    expect(await inside("hostname; echo $WHERE")).toBe("vault-1\nhost2/linux");
    expect(await inside("echo x > /run/secrets/key || true; mount | grep -c '/run/secrets/.*ro,'")).toBe("2");
    expect(await user.dockerOk("volume", "inspect", "-f", "{{.Labels.slot}}", "data-1")).toBe("1");
  });

  it("keep secrets off every disk while a task uses them, and away from nodes that do not", async () => {
    expect(await secretFiles()).not.toBe("");
    expect(await onDisk(hidden)).toEqual([]);
    // What is no secret is on the engine's disk: the search does find what is there.
    expect(await onDisk(known)).not.toEqual([]);
    expect(hasInMemory(manager.pid, hidden)).toBe(true);
    expect(hasInMemory(user.pid, hidden)).toBe(true);
    expect(hasInMemory(other.pid, hidden)).toBe(false);
  });

  it("do not lose them to a daemon that is killed", async () => {
    await user.end("SIGKILL");
    await user.start();
    const id = await container("vault");
    expect(await user.dockerOk("exec", id, "cat", "/run/secrets/key")).toBe(hidden);
    expect(await onDisk(hidden)).toEqual([]);
  });

  it("refuse to remove what is in use, and to take what is too large", async () => {
    const remove = async (kind: string, name: string): Promise<string> =>
      (await manager.docker(kind, "rm", name)).stderr;
    expect(await remove("secret", "key")).toContain("secret 'key' is in use by the following service: vault");
    expect(await remove("config", "page")).toContain("config 'page' is in use by the following service: vault");
    const secret = await manager.dockerWith("x".repeat(500 * 1024), "secret", "create", "big", "-");
    expect(secret.stderr).toContain("secret data must be larger than 0 and less than 512000 bytes");
    const config = await manager.dockerWith("x".repeat(1000 * 1024), "config", "create", "big", "-");
    expect(config.stderr).toContain("config data must be larger than 0 and less than 1024000 bytes");
  });

  it("leave nothing of a secret on the node when its task has ended, though its container stays", async () => {
    await manager.dockerOk("service", "scale", "-d", "vault=0");
    await eventually("the task has ended", async () => {
      const [task] = await tasksOf(manager, "vault");
      return !task || task.Status.State === "shutdown" ? true : undefined;
    });
    await eventually("its files are gone", async () => ((await secretFiles()) === "" ? true : undefined));
    expect(await onDisk(hidden)).toEqual([]);
  });

  it("say why a template cannot be expanded: at once, or in the task's status", async () => {
    const create = ["service", "create", "-d", "--no-resolve-image", "--constraint", "node.hostname==host2"];
    const refused = await manager.docker(...create, "--name", "bad", "--hostname", "{{.Node.Labels}}", "busybox");
    expect(refused.stderr).toContain('expanding hostname failed: template: expansion:1:7: executing "expansion" at');
    const args = ["--restart-condition", "none", "--env", 'A={{secret "key"}}', "busybox"];
    expect((await manager.docker(...create, "--name", "bad", ...args)).stderr).toContain(
      'function "secret" not defined',
    );
    await manager.dockerWith('{{secret "none"}}', "config", "create", "--template-driver", "golang", "wrong", "-");
    await manager.dockerOk(...create, "--name", "late", "--config", "wrong", "--restart-condition", "none", "busybox");
    const task = await eventually("the task is rejected", async () =>
      (await tasksOf(manager, "late")).find(({ Status }) => Status.State === "rejected"),
    );
    expect(task.Status.Err).toBe(
      'failed to expand templated config wrong: template: expansion:1:2: executing "expansion" at <secret "none">: error calling secret: secret target none not found',
    );
  });

  it("leave nothing of a secret with a task that could not be started", async () => {
    await manager.dockerOk(
      ...["service", "create", "-d", "--no-resolve-image", "--constraint", "node.hostname==host2", "--name", "broken"],
      ...["--secret", "key", "--restart-condition", "none", "busybox", "/no/such/program"],
    );
    await eventually("the task has failed", async () =>
      (await tasksOf(manager, "broken")).some(({ Status }) => Status.State === "failed") ? true : undefined,
    );
    await eventually("its files are gone", async () => ((await secretFiles()) === "" ? true : undefined));
    await manager.dockerOk("service", "rm", "broken");
  });

  it("fill in templates on a node without an engine too", async () => {
    await manager.dockerWith(
      "{{.Service.Name}} {{.Node.Hostname}}",
      "config",
      "create",
      "--template-driver",
      "golang",
      "at",
      "-",
    );
    const script = 'hostname; echo "$WHERE"; cat "$SHOAL_CONFIGS_DIR/at"; echo; sleep 1000';
    await manager.dockerOk(
      ...["service", "create", "-d", "--no-resolve-image", "--name", "plain", "--constraint", "node.hostname==host3"],
      ...["--hostname", "{{.Service.Name}}-{{.Task.Slot}}", "--env", "WHERE={{.Node.Hostname}}", "--config", "at"],
      ...["shoal/job", "sh", "-c", script],
    );
    const said = await eventually("it has said all", async () => {
      const logs = await manager.dockerOk("service", "logs", "--raw", "plain");
      return logs.split("\n").length === 3 ? logs : undefined;
    });
    expect(said).toBe("plain-1\nhost3\nplain host3");
    await manager.dockerOk("service", "rm", "plain");
  });

  it("leave nothing when service and secret are removed", async () => {
    await manager.dockerOk("service", "rm", "vault", "late");
    await manager.dockerOk("secret", "rm", "key", "line");
    await manager.dockerOk("config", "rm", "page", "plain", "wrong");
    await eventually("all containers are gone", async () =>
      (await user.dockerOk("ps", "-aq")) === "" ? true : undefined,
    );
    expect(await onDisk(hidden)).toEqual([]);
  });
});
