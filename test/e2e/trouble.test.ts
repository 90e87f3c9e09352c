import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";

interface SwarmInfo {
  readonly LocalNodeState: string;
  readonly Error: string;
  readonly ControlAvailable: boolean;
}
interface Task {
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly PID: number } };
}

const started: Daemon[] = [];
afterEach(() => Promise.all(started.splice(0).map(daemon => daemon.dispose())));

async function start(at: number, ...flags: string[]): Promise<Daemon> {
  const runtime = flags.length > 0 ? flags : ["--runtime", "embedded"];
  const daemon = new Daemon({ address: `127.0.73.${at}`, hostname: `n${at}`, flags: runtime });
  started.push(daemon);
  await daemon.start();
  return daemon;
}

async function swarmOf(daemon: Daemon): Promise<SwarmInfo> {
  return ((await daemon.apiOk("GET", "/info")) as { Swarm: SwarmInfo }).Swarm;
}

async function init(daemon: Daemon): Promise<void> {
  const { address } = daemon.options;
  await daemon.apiOk("POST", "/swarm/init", { ListenAddr: address, AdvertiseAddr: address });
}

async function joinSwarm(worker: Daemon, manager: Daemon): Promise<void> {
  const { JoinTokens } = (await manager.apiOk("GET", "/swarm")) as { JoinTokens: { Worker: string } };
  const { address } = worker.options;
  const RemoteAddrs = [`${manager.options.address}:2377`];
  const own = { ListenAddr: address, AdvertiseAddr: address };
  await worker.apiOk("POST", "/swarm/join", { ...own, RemoteAddrs, JoinToken: JoinTokens.Worker });
}

/** Creates a service with one sleeping task on each node; resolves with their process ids. */
async function run(manager: Daemon, count: number): Promise<number[]> {
  const TaskTemplate = { ContainerSpec: { Image: "shoal/sleep" } };
  await manager.apiOk("POST", "/services/create", { Name: "idle", TaskTemplate, Mode: { Global: {} } });
  return eventually("the tasks run", async () => {
    const tasks = ((await manager.apiOk("GET", "/tasks")) as Task[]).filter(task => task.Status.State === "running");
    const pids = tasks.map(task => task.Status.ContainerStatus?.PID ?? 0);
    return pids.length === count ? pids : undefined;
  });
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const swarmDirectory = (daemon: Daemon): string => join(daemon.directory, "data/swarm");

function hold(host: string, port: number): Promise<Server> {
  const server = createServer();
  return new Promise(resolve => server.listen({ host, port }, () => resolve(server)));
}

describe("a manager that cannot start", () => {
  it("tells which byte of its log is damaged, and is left by force alone, with its tasks", async () => {
    const manager = await start(1);
    await init(manager);
    const [pid = 0] = await run(manager, 1);
    await manager.end("SIGKILL");
    const log = join(swarmDirectory(manager), "raft/wal-0000000000000001.log");
    const bytes = readFileSync(log);
    // Behind what is written the file is zeros.
    const written = bytes.findLastIndex(byte => byte !== 0);
    bytes[written >> 1]! ^= 0x40;
    writeFileSync(log, bytes);
    await manager.start();
    const { LocalNodeState, Error: why } = await swarmOf(manager);
    expect(LocalNodeState).toBe("error");
    expect(why).toMatch(/^Cannot read the log ".*\/raft\/wal-0000000000000001\.log": damaged at byte \d+/);
    const refused = await manager.api("POST", "/swarm/leave");
    expect(refused).toMatchObject({ status: 503, body: { message: expect.stringContaining("Use `--force`") } });
    expect(readFileSync(log).equals(bytes)).toBe(true);
    expect(isAlive(pid)).toBe(true);
    await manager.apiOk("POST", "/swarm/leave?force=1");
    expect(isAlive(pid)).toBe(false);
    await init(manager);
  });

  it("tries again until its address is free", async () => {
    const manager = await start(2);
    await init(manager);
    await manager.end();
    const other = await hold("127.0.73.2", 2377);
    await manager.start();
    expect(await swarmOf(manager)).toMatchObject({
      LocalNodeState: "error",
      Error: "Cannot listen on 127.0.73.2:2377: the address is already in use",
    });
    await new Promise(resolve => other.close(resolve));
    await eventually("it serves", async () => ((await swarmOf(manager)).ControlAvailable ? true : undefined));
  });
});

describe("what a crash left of a membership", () => {
  it("is not taken for a new one's", async () => {
    const manager = await start(3);
    await init(manager);
    await manager.end();
    rmSync(join(swarmDirectory(manager), "node.json"));
    await manager.start();
    expect((await swarmOf(manager)).LocalNodeState).toBe("inactive");
    expect(readdirSync(join(swarmDirectory(manager), "raft"))).not.toEqual([]);
    await init(manager);
    expect(await manager.apiOk("GET", "/nodes")).toHaveLength(1);
  });
});

describe("a founding that was cut short", () => {
  /** A daemon that starts on what another has left that ended while it founded a swarm, with some of its log or without. */
  async function cutShort(at: number, keepLog: boolean): Promise<Daemon> {
    const manager = await start(at);
    await init(manager);
    await manager.end("SIGKILL");
    const file = join(swarmDirectory(manager), "node.json");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), founding: true }));
    if (!keepLog) rmSync(join(swarmDirectory(manager), "raft"), { recursive: true });
    await manager.start();
    return manager;
  }

  it.each([
    [8, "before its log had been written", false],
    [9, "before anybody had been told of it", true],
  ])("leaves no swarm (%d: %s)", async (at, _, keepLog) => {
    const manager = await cutShort(at, keepLog);
    expect((await swarmOf(manager)).LocalNodeState).toBe("inactive");
    await init(manager);
    expect(await manager.apiOk("GET", "/nodes")).toHaveLength(1);
    expect(readFileSync(join(swarmDirectory(manager), "node.json"), "utf8")).not.toContain("founding");
  });

  it("was none: a manager whose log is gone says so, and keeps what it has", async () => {
    const manager = await start(10);
    await init(manager);
    await manager.end();
    rmSync(join(swarmDirectory(manager), "raft"), { recursive: true });
    await manager.start();
    const { LocalNodeState, Error: why } = await swarmOf(manager);
    expect(LocalNodeState).toBe("error");
    expect(why).toMatch(/^Cannot start the manager: its log in ".*\/raft" is empty$/);
    expect(readdirSync(swarmDirectory(manager))).toContain("node.json");
  });
});

describe("a worker", () => {
  it("tells why no manager leads it", async () => {
    const manager = await start(4);
    const worker = await start(5);
    await init(manager);
    await joinSwarm(worker, manager);
    expect((await swarmOf(worker)).Error).toBe("");
    await manager.end();
    await eventually("it notices", async () =>
      (await swarmOf(worker)).Error === "Cannot reach 127.0.73.4:2377: connection refused" ? true : undefined,
    );
    await manager.start();
    await eventually("it is led again", async () => ((await swarmOf(worker)).Error === "" ? true : undefined));
    const pids = await run(manager, 2);
    await manager.apiOk("DELETE", "/nodes/n5?force=1");
    await eventually("it is told", async () =>
      (await swarmOf(worker)).Error.includes("was removed from the swarm") ? true : undefined,
    );
    // It goes on alone, as Docker does: only its operator may know better.
    expect(pids.filter(isAlive)).toHaveLength(2);
    await worker.apiOk("POST", "/swarm/leave");
    expect(pids.filter(isAlive)).toHaveLength(1);
  });
});

describe("a daemon without its engine", () => {
  it("comes up, says so, and lets its node go by force", async () => {
    const lonely = await start(6, "--engine", "unix:///tmp/shoal-no-such-engine.sock");
    await init(lonely);
    const why = await eventually("it notices", async () => (await swarmOf(lonely)).Error || undefined);
    expect(why).toContain("Cannot reach the Docker Engine at unix:///tmp/shoal-no-such-engine.sock");
    const refused = await lonely.api("POST", "/swarm/leave");
    expect(refused.status).toBe(503);
    await lonely.apiOk("POST", "/swarm/leave?force=1");
    expect((await swarmOf(lonely)).LocalNodeState).toBe("inactive");
  });

  it("comes up although the engine hangs", async () => {
    const path = `/tmp/shoal-hung-${process.pid}.sock`;
    const engine = createServer(socket => socket.resume());
    await new Promise<void>(resolve => engine.listen(path, resolve));
    try {
      const daemon = await start(7, "--engine", `unix://${path}`);
      expect(await daemon.api("GET", "/nodes")).toMatchObject({ status: 503 });
      await daemon.end();
    } finally {
      await new Promise(resolve => engine.close(resolve));
    }
  });
});
