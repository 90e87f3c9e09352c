import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { leftovers } from "../lab/leftovers.ts";
import { OverlaySwarm } from "../lab/overlay-swarm.ts";
import { serverFlags } from "../lab/peer-programs.ts";
import { networksUnavailableReason } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";

const reason = networksUnavailableReason();
const title = "the network of three hosts";
/** Calls a second while tasks come and go. */
const callRate = 200;
const health = ["--health-cmd", "nc -w 2 127.0.0.1 80", "--health-interval", "300ms", "--health-timeout", "5s"];
const published = ["--publish", "8080:80", "--publish", "5353:53/udp", "--publish", "7007:7"];

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 180_000 }, () => {
  let swarm: OverlaySwarm;
  let manager: Daemon;

  beforeAll(async () => {
    swarm = await OverlaySwarm.start(3);
    manager = swarm.manager;
  }, 180_000);
  afterAll(() => swarm?.close());

  const create = (...args: string[]) => manager.dockerOk("service", "create", "--detach", ...args);

  /** Runs a program in the container of a service on a node; its lines. */
  const inside = async (daemon: Daemon, script: string, service = "cli"): Promise<string[]> => {
    const id = await daemon.dockerOk("ps", "-q", "--filter", `label=com.docker.swarm.service.name=${service}`);
    return (await daemon.docker("exec", id, "timeout", "10", "sh", "-c", script)).stdout.trim().split("\n");
  };

  /** Whom a few calls reached, in order of names, and what they saw of the caller. */
  const reached = async (
    calls: number,
    call: () => Promise<string>,
  ): Promise<{ tasks: string[]; callers: string[] }> => {
    const answers: string[][] = [];
    for (let at = 0; at < calls; at += 1) answers.push((await call()).split(" "));
    const sorted = (all: string[]): string[] => [...new Set(all)].sort();
    return { tasks: sorted(answers.map(([task = ""]) => task)), callers: sorted(answers.map(([, by = ""]) => by)) };
  };

  /** A conversation by a node's published port that goes on. */
  const talk = async (address: string) => {
    const { client, programs } = swarm;
    const argv = ["/usr/bin/perl", programs.talker, address, "7007"];
    const talker = await client.namespace.spawn(argv, `${client.dir}/talk-${address}`);
    await eventually("it is connected", () => talker.logTail().startsWith("connected") || undefined);
    return talker;
  };

  const reachesAll = (address: string) =>
    eventually("all tasks are reached", async () => {
      const { tasks } = await reached(3, () => swarm.callTcp(address, 8080));
      return tasks.length === 3 ? true : undefined;
    });

  it("comes up with the services that use it", async () => {
    await manager.dockerOk("network", "create", "--driver", "overlay", "back");
    await create("--name", "cli", "--network", "back", "--mode", "global", "busybox", "sleep", "100000");
    await create(
      "--name",
      "web",
      "--network",
      "back",
      "--replicas",
      "3",
      ...published,
      ...health,
      ...serverFlags(swarm.programs),
    );
    await runningTasks(manager, "cli", 3);
    await runningTasks(manager, "web", 3);
  });

  it("leads every container to every task, by the service's name and directly", async () => {
    const names = (await runningTasks(manager, "web", 3)).map(task => `web.${task.Slot}.${task.ID}`).sort();
    for (const daemon of swarm.daemons) {
      const { tasks } = await eventually("all tasks are reached", async () => {
        const found = await reached(3, async () => (await inside(daemon, "nc -w 5 web 80"))[0] ?? "");
        return found.tasks.length === 3 ? found : undefined;
      });
      expect(tasks).toEqual(names);
      const looked = await inside(daemon, "nslookup tasks.web | grep -A 1 tasks.web | grep Address");
      expect(looked).toHaveLength(3);
      for (const name of names)
        expect(await inside(daemon, `nc -w 5 ${name} 80`)).toEqual([expect.stringContaining(name)]);
    }
  });

  it("publishes ports on every node, evenly, and containers see the client's own address", async () => {
    const { address: client } = swarm.client;
    for (const address of swarm.addresses)
      for (const call of [() => swarm.callTcp(address, 8080), () => swarm.callUdp(address, 5353)]) {
        const { tasks, callers } = await reached(3, call);
        expect(tasks).toHaveLength(3);
        expect(callers).toEqual([client]);
      }
  });

  it("shows who calls by a virtual address as well, and by a port of the caller's own node", async () => {
    for (const [at, daemon] of swarm.daemons.entries()) {
      const [own = ""] = await inside(daemon, "hostname -i");
      const [task = ""] = await inside(daemon, "hostname", "web");
      const byName = await reached(6, async () => (await inside(daemon, "nc -w 5 web 80"))[0] ?? "");
      expect(byName).toMatchObject({ tasks: { length: 3 }, callers: [own] });
      const port = `nc -w 5 ${swarm.addresses[at]} 8080`;
      const answers = await Promise.all([1, 2, 3].map(async () => (await inside(daemon, port))[0] ?? ""));
      const here = (await runningTasks(manager, "web", 3)).find(({ Status }) =>
        Status.ContainerStatus?.ContainerID.startsWith(task),
      );
      expect(answers.find(answer => answer.includes(here?.ID ?? "none"))).toContain(` ${own}`);
    }
  });

  it("answers a task that calls its own service, and is its own answer", async () => {
    const names = (await runningTasks(manager, "web", 3)).map(task => `web.${task.Slot}.${task.ID}`).sort();
    for (const [at, daemon] of swarm.daemons.entries())
      for (const target of ["web 80", `${swarm.addresses[at]} 8080`]) {
        const call = async () => (await inside(daemon, `nc -w 5 ${target}`, "web"))[0] ?? "";
        await eventually(`a task on ${daemon.options.hostname} reaches all by ${target}, itself too`, async () =>
          (await reached(3, call)).tasks.join() === names.join() ? true : undefined,
        );
      }
  });

  it("answers its own hosts on every address too", async () => {
    for (const { namespace } of swarm.lab.hosts.slice(0, 3))
      for (const address of [...swarm.addresses, "127.0.0.1"]) {
        const call = async () => (await namespace.tryRun(["busybox", "nc", "-w", "5", address, "8080"])).stdout.trim();
        expect((await reached(3, call)).tasks).toHaveLength(3);
      }
  });

  it("loses no call while tasks come, go and are replaced", async () => {
    const { programs, client, addresses } = swarm;
    const log = `${client.dir}/calls`;
    const argv = ["/usr/bin/perl", programs.caller, String(callRate), "8080", ...addresses];
    const caller = await client.namespace.spawn(argv, log);
    await manager.dockerOk("service", "scale", "--detach", "web=5");
    await runningTasks(manager, "web", 5);
    await manager.dockerOk("service", "scale", "--detach", "web=2");
    await runningTasks(manager, "web", 2);
    await manager.dockerOk("service", "update", "--quiet", "--env-add", "NEW=1", "--update-parallelism", "1", "web");
    await manager.dockerOk(
      "service",
      "update",
      "--quiet",
      "--env-add",
      "NEW=2",
      "--update-order",
      "start-first",
      "web",
    );
    await caller.end("SIGTERM");
    expect(caller.logTail()).toMatch(/^calls \d+ failed 0\n$/);
  });

  it("refuses calls at once when nobody is there to answer", async () => {
    await manager.dockerOk("service", "scale", "--detach", "web=0");
    await eventually("calls are refused", async () =>
      (await swarm.callTcp(swarm.addresses[1]!, 8080)) === "" ? true : undefined,
    );
    expect(await inside(manager, "nc -w 5 web 80 2>&1")).toEqual([expect.stringContaining("refused")]);
  });

  it("goes on without its daemons, new calls and lasting connections both", async () => {
    await manager.dockerOk("service", "scale", "--detach", "web=3");
    await runningTasks(manager, "web", 3);
    for (const address of swarm.addresses) await reachesAll(address);
    const talkers = await Promise.all(swarm.addresses.map(address => talk(address)));
    for (const daemon of swarm.daemons) await daemon.end("SIGKILL");
    for (const address of swarm.addresses) {
      const { tasks } = await reached(3, () => swarm.callTcp(address, 8080));
      expect(tasks).toHaveLength(3);
    }
    await Promise.all(swarm.daemons.map(daemon => daemon.start()));
    await runningTasks(manager, "web", 3);
    for (const talker of talkers) {
      await talker.end("SIGTERM");
      expect(talker.logTail()).toMatch(/^connected\nexchanged \d+\n$/);
    }
  });

  it("heals when a node comes back whose engine and daemon were killed", async () => {
    const [daemon, host] = [swarm.daemons[1]!, swarm.lab.hosts[1]!];
    const before = (await runningTasks(manager, "web", 3)).map(({ ID }) => ID);
    await Promise.all([daemon.end("SIGKILL"), host.docker.end("SIGKILL")]);
    await host.docker.start();
    await daemon.start();
    // What ran there ended with the engine.
    await eventually("the lost task is replaced", async () =>
      (await runningTasks(manager, "web", 3)).some(({ ID }) => !before.includes(ID)) ? true : undefined,
    );
    await runningTasks(manager, "cli", 3);
    for (const address of swarm.addresses) await reachesAll(address);
    expect(await inside(daemon, "nc -w 5 web 80")).toEqual([expect.stringContaining("web.")]);
  });

  it("leaves nothing behind", async () => {
    await manager.dockerOk("service", "rm", "web", "cli");
    await eventually("the network can be removed", async () =>
      (await manager.docker("network", "rm", "back")).code === 0 ? true : undefined,
    );
    for (const daemon of swarm.daemons.slice(1)) await daemon.dockerOk("swarm", "leave");
    await manager.dockerOk("swarm", "leave", "--force");
    for (const host of swarm.lab.hosts.slice(0, 3)) expect(await leftovers(host)).toEqual([]);
    for (const daemon of swarm.daemons)
      expect(await daemon.dockerOk("network", "ls", "--format", "{{.Name}}")).toBe("bridge\nhost\nnone");
  });
});
