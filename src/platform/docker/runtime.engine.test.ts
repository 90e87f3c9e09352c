import { randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command, eventually } from "../../../test/lab/command.ts";
import { type Dockerd, startDockerd } from "../../../test/lab/dockerd.ts";
import { dockerCliUnavailableReason } from "../../../test/lab/requirements.ts";
import type { Secret } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import { silentLogger } from "../../ports/log.ts";
import { type ContainerInit, contractTask } from "../../ports/runtime.contract.test-kit.ts";
import type { Instance } from "../../ports/runtime.ts";
import { SecretSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  Mount_Type as MountType,
  PortConfig_PublishMode as PublishMode,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { systemClock } from "../clock.ts";
import { systemRandom } from "../random.ts";
import { DockerRuntime } from "./runtime.ts";

const reason = dockerCliUnavailableReason();
const nodeId = "enginenode0000000000000001";
const nothing = { secret: () => undefined, config: () => undefined };

/** What only a Docker Engine does; the rest is in the runtime contract. */
describe.skipIf(reason !== undefined)(`the docker runtime${reason ? ` (skipped: ${reason})` : ""}`, () => {
  const dir = join(tmpdir(), `shoal-rt-${randomUUID().slice(0, 8)}`);
  const files = `/dev/shm/${basename(dir)}`;
  let dockerd: Dockerd;
  let runtime: DockerRuntime;

  beforeAll(async () => {
    dockerd = await startDockerd({ dir, args: ["--live-restore"] });
    runtime = new DockerRuntime({
      endpoint: `unix://${dockerd.socket}`,
      nodeId,
      hostname: "myhost",
      labels: { rack: "4" },
      genericResources: [],
      containerLabels: { "shoal.lab": "1" },
      publishAddress: "127.0.0.11",
      fileRoots: [files],
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
    });
  });
  afterAll(async () => {
    await runtime?.close();
    await dockerd?.close();
    for (const left of [dir, files]) await rm(left, { recursive: true, force: true });
  });

  const shell = (script: string, more: ContainerInit = {}): Task =>
    contractTask(nodeId, { image: "busybox", command: ["sh", "-c", script], ...more });
  const texts: string[] = [];
  const prepare = (task: Task): Promise<Instance> => runtime.prepare(task, nothing, text => texts.push(text));
  const start = async (task: Task): Promise<Instance> => {
    await prepare(task);
    return runtime.start(task);
  };
  const ended = async (task: Task, from: Instance): Promise<Instance | undefined> => {
    let seen: Instance | undefined = from;
    while (seen && seen.state !== "exited") seen = await runtime.changed(task.id, seen, new AbortController().signal);
    return seen;
  };
  const logged = async (task: Task): Promise<string[]> => {
    const lines: string[] = [];
    const options = { stdout: true, stderr: true, follow: false, tail: -1, sinceMs: undefined };
    for await (const line of runtime.logs(task.id, { ...options, signal: new AbortController().signal }))
      lines.push(Buffer.from(line.data).toString());
    return lines;
  };

  it("describes the engine's node, with the daemon's own name and labels", async () => {
    const description = await runtime.describe();
    expect(description.hostname).toBe("myhost");
    expect(description.engine?.labels).toEqual({ rack: "4" });
    expect(description.engine?.plugins).toContainEqual(expect.objectContaining({ type: "Network", name: "bridge" }));
    expect(description.engine?.plugins).toContainEqual(expect.objectContaining({ type: "Log", name: "json-file" }));
  });

  it("names and labels containers as Docker does", async () => {
    const task = shell("sleep 1000");
    const { containerId } = await prepare(task);
    const format = '{{.Name}} {{index .Config.Labels "com.docker.swarm.task.id"}} {{index .Config.Labels "shoal.lab"}}';
    const shown = await command(["docker", "-H", `unix://${dockerd.socket}`, "inspect", "-f", format, containerId]);
    expect(shown.trim()).toBe(`/${task.serviceAnnotations.name}.1.${task.id} ${task.id} 1`);
    await runtime.remove(task.id);
  });

  it("says what a missing image is called and why it was not pulled", async () => {
    const task = contractTask(nodeId, { image: "nowhere.invalid/thing" });
    await expect(prepare(task)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/^No such image: nowhere\.invalid\/thing:latest \(pull: .*nowhere\.invalid.*\)$/),
    });
    expect(texts).toContain("pulling image nowhere.invalid/thing");
  });

  it("passes on what the engine says of a bind mount without a source", async () => {
    const task = shell("true", { mounts: [{ type: MountType.BIND, source: "/no/such", target: "/x" }] });
    await expect(prepare(task)).rejects.toMatchObject({
      code: "invalid_argument",
      message: 'invalid mount config for type "bind": bind source path does not exist: /no/such',
    });
  });

  it("publishes ports in host mode on the node's address, and says which", async () => {
    const port = { targetPort: 80, publishedPort: 0, publishMode: PublishMode.HOST } as const;
    const task = shell("while :; do echo hello | nc -l -p 80; done");
    const published: Task = { ...task, endpoint: { ports: [port] } as NonNullable<Task["endpoint"]> };
    const [shown] = (await start(published)).ports;
    expect(shown).toMatchObject({ targetPort: 80, publishMode: PublishMode.HOST });
    expect(shown!.publishedPort).toBeGreaterThan(0);
    const answer = await dockerd.namespace.run([
      "busybox",
      "nc",
      "-w",
      "2",
      "127.0.0.11",
      String(shown!.publishedPort),
    ]);
    expect(answer).toBe("hello\n");
    await runtime.remove(task.id);
  });

  it("reads the log of a terminal, and lines longer than the engine's pieces", async () => {
    const terminal = shell("echo one; echo two", { tty: true });
    await ended(terminal, await start(terminal));
    expect(await logged(terminal)).toEqual(["one\r\n", "two\r\n"]);
    const long = shell("head -c 50000 /dev/zero | tr '\\0' x; echo; echo after");
    await ended(long, await start(long));
    expect(await logged(long)).toEqual([`${"x".repeat(50_000)}\n`, "after\n"]);
    await Promise.all([terminal, long].map(task => runtime.remove(task.id)));
  });

  it("says when a task used too much memory", async () => {
    const task = shell("sleep 0.2; tail /dev/zero");
    const spec = { ...task.spec, resources: { limits: { memoryBytes: 8n << 20n } } };
    const limited: Task = { ...task, spec: spec as Task["spec"] };
    const last = await ended(limited, await start(limited));
    expect(last).toMatchObject({
      state: "exited",
      error: "killed: it used more memory than its limit of 8388608 bytes",
    });
    await runtime.remove(task.id);
  });

  it("keeps secrets no longer than their container may need them", async () => {
    const secret = create(SecretSchema, { id: "s1", spec: { data: Buffer.from("hidden") } });
    const target = { case: "file", value: { name: "key", uid: "7", gid: "8", mode: 0o440 } } as const;
    const secrets = [{ secretId: "s1", secretName: "key", target }];
    const script =
      'cat /run/secrets/key; stat -c " %u:%g %a" /run/secrets/key; mount | grep -c "/key.*ro,"; sleep 1000';
    const task = shell(script, { secrets });
    const kept = (): Promise<string[]> => readdir(join(files, nodeId));
    const dependencies = { secret: () => secret as Secret, config: () => undefined };
    await runtime.prepare(task, dependencies, () => {});
    const running = await runtime.start(task);
    expect(await kept()).toEqual([task.id]);
    await eventually("it has read them", async () => ((await logged(task)).length === 2 ? true : undefined));
    expect(await logged(task)).toEqual(["hidden 7:8 440\n", "1\n"]);
    // As after a crash: the next daemon finds what runs, and leaves it alone.
    await runtime.list();
    expect(await kept()).toEqual([task.id]);
    await command(["docker", "-H", `unix://${dockerd.socket}`, "kill", running.containerId]);
    await ended(task, running);
    expect(await kept()).toEqual([]);
    expect(await runtime.inspect(task.id)).toMatchObject({ state: "exited" });
    await runtime.remove(task.id);
  });

  it("does not start a second time what has run to its end", async () => {
    const task = shell("echo once");
    await ended(task, await start(task));
    expect(await runtime.start(task)).toMatchObject({ state: "exited" });
    expect(await logged(task)).toEqual(["once\n"]);
    await runtime.remove(task.id);
  });

  it("hears of what happened while the engine was away", async () => {
    const task = shell("sleep 1000");
    const running = await start(task);
    const change = runtime.changed(task.id, running, new AbortController().signal);
    await dockerd.end("SIGKILL");
    await expect(runtime.inspect(task.id)).rejects.toMatchObject({ code: "unavailable" });
    await dockerd.namespace.run(["kill", "-9", String(running.pid)]);
    await dockerd.start();
    expect(await change).toMatchObject({ taskId: task.id, state: "exited" });
    await runtime.remove(task.id);
  });
});
