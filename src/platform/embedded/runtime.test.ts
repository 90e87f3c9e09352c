import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Task } from "../../model/task.ts";
import { silentLogger } from "../../ports/log.ts";
import { type ContainerInit, contractTask } from "../../ports/runtime.contract.test-kit.ts";
import type { Instance, TaskDependencies } from "../../ports/runtime.ts";
import { EndpointSchema, SecretSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ResourceRequirementsSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { systemClock } from "../clock.ts";
import { systemRandom } from "../random.ts";
import { findIsolation, type Isolation } from "./isolation.ts";
import { parseStat } from "./process-table.ts";
import { type EmbeddedRuntime, embeddedRuntime } from "./runtime.ts";

const nodeId = "embeddednode0000000000001";
const found = await findIsolation();
const isRoot = process.getuid?.() === 0;
let directory: string;
const opened: EmbeddedRuntime[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "shoal-runtime-"));
});
afterEach(async () => {
  const last = await open();
  for (const instance of await last.list()) await last.remove(instance.taskId);
  for (const runtime of opened.splice(0)) await runtime.close();
  await rm(directory, { recursive: true, force: true });
});

async function open(isolation: Isolation = found): Promise<EmbeddedRuntime> {
  const runtime = await embeddedRuntime({
    directory,
    nodeId,
    hostname: "here",
    version: "1.2.3",
    advertiseAddress: () => "127.0.0.78",
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    labels: { rack: "r1" },
    genericResources: [],
    isolation,
  });
  opened.push(runtime);
  return runtime;
}

const nothing: TaskDependencies = { secret: () => undefined, config: () => undefined };
const job = (script: string, more: ContainerInit = {}): Task =>
  contractTask(nodeId, { image: "shoal/job", args: ["sh", "-c", script], ...more });

async function run(runtime: EmbeddedRuntime, task: Task, dependencies = nothing): Promise<Instance> {
  await runtime.prepare(task, dependencies, () => {});
  return runtime.start(task);
}

async function ended(runtime: EmbeddedRuntime, task: Task): Promise<Instance> {
  for (;;) {
    const instance = await runtime.inspect(task.id);
    if (!instance) throw new Error("the task is gone");
    if (instance.state === "exited") return instance;
    await runtime.changed(task.id, instance, new AbortController().signal);
  }
}

async function output(runtime: EmbeddedRuntime, task: Task): Promise<string> {
  let text = "";
  const options = { stdout: true, stderr: true, follow: false, tail: -1, sinceMs: undefined };
  for await (const line of runtime.logs(task.id, { ...options, signal: new AbortController().signal }))
    text += Buffer.from(line.data);
  return text;
}

/** Whether a process runs; one that nobody has reaped yet does not. */
function runs(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && parseStat(readFileSync(path, "utf8"))?.ended === false;
}

function published(task: Task, mode: number, targetPort: number, publishedPort: number): Task {
  return { ...task, endpoint: create(EndpointSchema, { ports: [{ targetPort, publishedPort, publishMode: mode }] }) };
}

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.78", () => socket.write("GET / HTTP/1.0\r\n\r\n"));
    socket.on("data", data => {
      answer += data;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

describe("a daemon that ends", () => {
  it("leaves its tasks running when it is killed, and hears how they ended when it comes back", async () => {
    const program = `
      import { writeSync } from "node:fs";
      import { embeddedRuntime } from ${JSON.stringify(new URL("./runtime.ts", import.meta.url).href)};
      import { systemClock } from ${JSON.stringify(new URL("../clock.ts", import.meta.url).href)};
      import { systemRandom } from ${JSON.stringify(new URL("../random.ts", import.meta.url).href)};
      import { silentLogger } from ${JSON.stringify(new URL("../../ports/log.ts", import.meta.url).href)};
      setInterval(() => {}, 1000);
      const runtime = await embeddedRuntime({ directory: process.argv[1], nodeId: ${JSON.stringify(nodeId)}, hostname: "here",
        version: "1", advertiseAddress: () => "127.0.0.78", clock: systemClock, random: systemRandom, log: silentLogger,
        labels: {}, genericResources: [], isolation: ${JSON.stringify(found)} });
      const spec = (id, script) => ({ id, serviceId: "s", nodeId: "n", slot: 1n, networks: [], volumes: [],
        assignedGenericResources: [], spec: { runtime: { case: "container", value: { image: "shoal/job", stopSignal: "",
        command: [], args: ["sh", "-c", script], env: [], labels: {}, mounts: [], ulimits: [], secrets: [], configs: [],
        pidsLimit: 0n, oomScoreAdj: 0n, hostname: "", dir: "", user: "" } } } });
      for (const [id, script] of [["stays", "exec sleep infinity"], ["goes", "while [ ! -e go ]; do sleep 0.05; done; echo gone; exit 7"]]) {
        await runtime.prepare(spec(id, script), { secret() {}, config() {} }, () => {});
        const { pid } = await runtime.start({ id });
        writeSync(1, id + " " + pid + "\\n");
      }
      process.kill(process.pid, "SIGKILL");`;
    const daemon = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program, directory]);
    let printed = "";
    daemon.stdout.on("data", data => {
      printed += data;
    });
    daemon.stderr.on("data", data => {
      printed += data;
    });
    await new Promise(resolve => daemon.once("close", resolve));
    expect(printed).toMatch(/^stays \d+\ngoes \d+\n$/);
    const pidOf = (id: string): number => Number(new RegExp(`${id} (\\d+)`).exec(printed)?.[1]);

    await writeFile(join(directory, nodeId, "tasks", "goes", "work", "go"), "");
    await expect.poll(() => runs(Number(pidOf("goes")))).toBe(false);
    await expect.poll(() => existsSync(join(directory, nodeId, "io", "goes.exit"))).toBe(true);
    const later = await open();
    expect(await later.inspect("stays")).toMatchObject({ state: "running", pid: pidOf("stays") });
    expect(await later.inspect("goes")).toMatchObject({ state: "exited", exitCode: 7, error: "" });
    expect(await output(later, { id: "goes" } as Task)).toBe("gone\n");
  });

  it("takes no other process for its task", async () => {
    const first = await open();
    const task = job("exec sleep infinity");
    const { pid } = await run(first, task);
    await expect.poll(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")).toBe("sleep\0infinity\0");
    await first.close();
    const runFile = join(directory, nodeId, "io", `${task.id}.run`);
    const line = readFileSync(runFile, "utf8");
    const supervisor = Number(/ (\d+) /.exec(line)?.[1]);
    // As if the supervisor had died and another process had got its id.
    const fields = line.trimEnd().split(" ");
    await writeFile(runFile, `${[...fields.slice(0, 22), `${fields[22]}9`, ...fields.slice(23)].join(" ")}\n`);
    const later = await open();
    expect(await later.inspect(task.id)).toMatchObject({ state: "exited", exitCode: 255 });
    expect((await later.inspect(task.id))?.error).toContain("supervisor");
    await expect.poll(() => runs(Number(supervisor))).toBe(false);
  });

  it("kills what a killed supervisor left", async () => {
    const runtime = await open();
    const task = job("exec sleep infinity");
    const { pid } = await run(runtime, task);
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    process.kill(Number(stat.slice(stat.lastIndexOf(")")).split(" ")[2]), "SIGKILL");
    expect(await ended(runtime, task)).toMatchObject({ exitCode: 255 });
    await expect.poll(() => runs(Number(pid))).toBe(false);
  });

  it("serves published ports again when it comes back", async () => {
    const first = await open();
    const task = published(contractTask(nodeId, { image: "shoal/whoami" }), 1, 80, 0);
    const [port] = (await run(first, task)).ports;
    const number = port?.publishedPort ?? 0;
    await expect
      .poll(() => ask(number).catch(String), { timeout: 20_000 })
      .toContain(`Task: ${task.serviceAnnotations.name}.1`);
    await first.close();
    await expect(ask(number)).rejects.toThrow("ECONNREFUSED");
    // A port that was any free one may be another one afterwards; the status tells which.
    const later = await open();
    const [again] = (await later.inspect(task.id))?.ports ?? [];
    expect(await ask(again?.publishedPort ?? 0)).toContain("Node: here");
  }, 30_000);
});

describe("tasks", () => {
  it("are told who they are, and keep odd names in their environment", async () => {
    const runtime = await open();
    const task = job("", {
      args: ["env"],
      env: ["a.b=1=2", "EMPTY=", "LD_LIBRARY_PATH=/x", "HOME"],
    });
    await run(runtime, task);
    await ended(runtime, task);
    const variables = (await output(runtime, task)).split("\n");
    expect(variables).toContain("a.b=1=2");
    expect(variables).toContain("EMPTY=");
    expect(variables).toContain("LD_LIBRARY_PATH=/x");
    expect(variables).toContain(`SHOAL_TASK_ID=${task.id}`);
    expect(variables).toContain("SHOAL_NODE_HOSTNAME=here");
    expect(variables.filter(variable => /^(HOME=|shoal_)/.test(variable))).toEqual([]);
  });

  it("run a directory's program, in that directory", async () => {
    const image = join(directory, "app");
    await mkdir(image);
    await writeFile(join(image, "run"), "#!/bin/sh\npwd; echo $1\n");
    await chmod(join(image, "run"), 0o755);
    const runtime = await open();
    const task = contractTask(nodeId, { image: `dir:${image}`, args: ["hi"] });
    await run(runtime, task);
    await ended(runtime, task);
    expect(await output(runtime, task)).toBe(`${image}\nhi\n`);
  });

  it.each([
    [{ image: "shoal/job", args: ["no-such-program"] }, 'exec: "no-such-program": executable file not found in $PATH'],
    [{ image: "shoal/job", args: ["/no/such"] }, 'exec: "/no/such": no such file or directory'],
    [{ image: "dir:/no/such" }, 'chdir to cwd ("/no/such") failed'],
  ])("that cannot start say why: %j", async (spec, reason) => {
    const runtime = await open();
    await expect(run(runtime, contractTask(nodeId, spec))).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining(`starting container failed: ${reason}`),
    });
  });

  it.each([
    [{ image: "shoal/sleep", user: "nobody-here" }, "unable to find user nobody-here"],
    [{ image: "shoal/sleep", stopSignal: "SIGNO" }, "Invalid signal: SIGNO"],
    [{ image: "shoal/sleep", mounts: [{ target: "data" }] }, "invalid mount target, must be an absolute path: data"],
    [{ image: "shoal/sleep", ulimits: [{ name: "bogus" }] }, "invalid ulimit type: bogus"],
  ])("that can never run are refused: %j", async (spec, reason) => {
    const runtime = await open();
    const task = contractTask(nodeId, spec);
    await expect(runtime.prepare(task, nothing, () => {})).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(reason),
    });
    expect(await runtime.list()).toEqual([]);
  });

  it("take what they have started with them", async () => {
    for (const isolation of new Set<Isolation>([found, "session"])) {
      const runtime = await open(isolation);
      const task = job("sleep 1000.125 & echo $!; wait");
      const { pid } = await run(runtime, task);
      const children = (): string => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
      await expect.poll(children).toMatch(/^\d+$/);
      const child = children();
      await runtime.stop(task);
      await expect.poll(() => runs(Number(child))).toBe(false);
      await runtime.close();
    }
  });

  it("leave nothing behind when they are removed", async () => {
    const runtime = await open();
    const task = job("echo hi; exec sleep infinity");
    await run(runtime, task);
    await runtime.remove(task.id);
    expect(await readdir(join(directory, nodeId, "tasks"))).toEqual([]);
    expect(await readdir(join(directory, nodeId, "io"))).toEqual([]);
  });

  it("have their secrets in memory alone, and only while they run", async () => {
    const runtime = await open();
    const words = `hidden-${Math.random()}`;
    const secret = create(SecretSchema, { id: "s1", spec: { annotations: { name: "key" }, data: Buffer.from(words) } });
    const target = { case: "file", value: { name: "key", uid: "0", gid: "0", mode: 0o400 } } as const;
    const secrets = [{ secretId: "s1", secretName: "key", target }];
    const task = job(`cat "$SHOAL_SECRETS_DIR/key" | wc -c; exec sleep infinity`, { secrets });
    await run(runtime, task, { ...nothing, secret: () => secret });
    await expect.poll(() => output(runtime, task)).toBe(`${words.length}\n`);
    const holders = (): string => execFileSync("grep", ["-rlsF", words, directory, "/dev/shm"]).toString();
    expect(holders().trim().split("\n")).toEqual([expect.stringContaining("/dev/shm/")]);
    await runtime.stop(task);
    expect(holders).toThrow();
  });

  it.skipIf(!isRoot)("keep to their limits, where this machine has control groups (skipped: not root)", async () => {
    const runtime = await open();
    const hungry = job("exec tail /dev/zero");
    const limits = create(ResourceRequirementsSchema, { limits: { memoryBytes: BigInt(16 << 20) } });
    const task = { ...hungry, spec: { ...hungry.spec, resources: limits } };
    await run(runtime, task);
    expect(await ended(runtime, task)).toMatchObject({
      exitCode: 137,
      error: "out of memory: the task reached its memory limit",
    });
  });

  it.skipIf(!isRoot)("run as the user they name (skipped: not root)", async () => {
    const runtime = await open();
    const task = job("id -u; id -g; ulimit -n", {
      user: "nobody",
      ulimits: [{ name: "nofile", soft: 99n, hard: 100n }],
    });
    await run(runtime, task);
    await ended(runtime, task);
    expect(await output(runtime, task)).toBe("65534\n65534\n99\n");
  });

  it("cannot have a port that is taken, and say so", async () => {
    const runtime = await open();
    const first = published(contractTask(nodeId, { image: "shoal/sleep" }), 1, 80, 0);
    const port = (await run(runtime, first)).ports[0]?.publishedPort ?? 0;
    await expect(
      run(runtime, published(contractTask(nodeId, { image: "shoal/sleep" }), 1, 80, port)),
    ).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining(`Bind for 127.0.0.78:${port}/tcp failed: port is already allocated`),
    });
  });
});

describe("the node", () => {
  it("says what it is, and what it is not", async () => {
    const { engine, hostname } = await (await open("session")).describe();
    expect(hostname).toBe("here");
    expect(engine?.engineVersion).toBe("1.2.3");
    expect(engine?.labels).toMatchObject({
      rack: "r1",
      "shoal.runtime": "embedded",
      "shoal.isolation":
        "no isolation boundary: tasks are processes of this machine, in a session of their own and no more",
    });
  });
});
