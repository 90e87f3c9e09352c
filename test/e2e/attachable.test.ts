import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { OverlaySwarm } from "../lab/overlay-swarm.ts";
import { networksUnavailableReason } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";

const reason = networksUnavailableReason();
const title = "containers that no service made";
const sleeper = ["busybox", "sleep", "100000"];

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 120_000 }, () => {
  let swarm: OverlaySwarm;
  let manager: Daemon;
  let worker: Daemon;

  beforeAll(async () => {
    swarm = await OverlaySwarm.start(2);
    manager = swarm.manager;
    worker = swarm.daemons[1] ?? manager;
    await manager.dockerOk("network", "create", "-d", "overlay", "--attachable", "--subnet", "10.88.0.0/24", "net");
    await manager.dockerOk("network", "create", "-d", "overlay", "closed");
  }, 120_000);
  afterAll(() => swarm?.close());

  /** What a name means inside of a container: its addresses; empty for none. */
  const looked = async (daemon: Daemon, container: string, name: string): Promise<string[]> => {
    const { stdout } = await daemon.docker("exec", container, "timeout", "10", "nslookup", name);
    const [, ...answer] = stdout.split(/^Name:/m);
    return answer.flatMap(part => /Address(?: \d+)?:\s*(\S+)/.exec(part)?.[1] ?? []);
  };

  const means = (daemon: Daemon, container: string, name: string, addresses: readonly (string | RegExp)[]) =>
    eventually(`${name} means ${addresses} to ${container}`, async () => {
      const found = await looked(daemon, container, name);
      return found.length === addresses.length && addresses.every((each, at) => same(each, found[at]))
        ? true
        : undefined;
    });

  const same = (wanted: string | RegExp, found = ""): boolean =>
    typeof wanted === "string" ? found === wanted : wanted.test(found);

  const reaches = (daemon: Daemon, container: string, name: string) =>
    eventually(`${container} reaches ${name}`, async () => {
      const { code } = await daemon.docker("exec", container, "timeout", "5", "ping", "-c", "1", "-W", "2", name);
      return code === 0 ? true : undefined;
    });

  const addressOf = async (daemon: Daemon, container: string): Promise<string> =>
    (await daemon.dockerOk("exec", container, "ip", "-4", "-o", "address")).match(/10\.88\.0\.\d+/)?.[0] ?? "";

  it("get an address of the swarm's on any node, and find services and each other by name", async () => {
    await manager.dockerOk("service", "create", "--detach", "--name", "web", "--network", "net", ...sleeper);
    await runningTasks(manager, "web", 1);
    const run = ["run", "-d", "--network", "net"];
    await worker.dockerOk(...run, "--name", "db", "--network-alias", "store", "--restart", "always", ...sleeper);
    await manager.dockerOk(...run, "--name", "app", "--ip", "10.88.0.77", ...sleeper);
    expect(await addressOf(manager, "app")).toBe("10.88.0.77");
    const db = await addressOf(worker, "db");
    for (const name of ["db", "store"]) await means(manager, "app", name, [db]);
    await means(worker, "db", "app", ["10.88.0.77"]);
    await means(worker, "db", "web", [/^10\.88\.0\./]);
    await reaches(manager, "app", "db");
    await reaches(worker, "db", "app");
    await reaches(worker, "db", "web");
    const shown = JSON.parse(await manager.dockerOk("network", "inspect", "net"))[0];
    const names = Object.values<{ Name: string }>(shown.Containers).map(({ Name }) => Name);
    expect(names).toContain("app");
    expect(shown.Peers).toHaveLength(2);
  });

  it("are told in Docker's words why they get none", async () => {
    for (const daemon of [manager, worker]) {
      const closed = await daemon.docker("run", "--rm", "--network", "closed", ...sleeper);
      expect(closed.stderr).toContain(
        "Could not attach to network closed: rpc error: code = PermissionDenied desc = network closed not manually attachable",
      );
      expect((await daemon.docker("run", "--rm", "--network", "nope", ...sleeper)).stderr).toContain(
        "network nope not found",
      );
      const taken = await daemon.docker("run", "--rm", "--network", "net", "--ip", "10.88.0.77", ...sleeper);
      expect(taken.stderr).toContain("10.88.0.77");
    }
  });

  it("come and go while they run", async () => {
    await worker.dockerOk("run", "-d", "--name", "late", ...sleeper);
    await worker.dockerOk("network", "connect", "--alias", "tardy", "net", "late");
    const late = await addressOf(worker, "late");
    await means(manager, "app", "tardy", [late]);
    await reaches(worker, "late", "app");
    await reaches(worker, "late", "web");
    await reaches(manager, "app", "late");
    await worker.dockerOk("network", "disconnect", "net", "late");
    expect(await addressOf(worker, "late")).toBe("");
    await means(manager, "app", "tardy", []);
  });

  it("keep their places when they are restarted, by users and by policy", async () => {
    await worker.dockerOk("restart", "-t", "0", "db");
    await reaches(manager, "app", "db");
    const pid = await worker.dockerOk("inspect", "db", "--format", "{{.State.Pid}}");
    await swarm.lab.hosts[1]?.namespace.run(["kill", "-9", pid]);
    await eventually("the policy starts it again", async () => {
      const [state, now] = (
        await worker.dockerOk("inspect", "db", "--format", "{{.State.Status}} {{.State.Pid}}")
      ).split(" ");
      return state === "running" && now !== pid ? true : undefined;
    });
    await reaches(manager, "app", "db");
    await reaches(worker, "db", "app");
  });

  it("are there for a daemon that is killed and started", async () => {
    await worker.end("SIGKILL");
    await reaches(manager, "app", "db");
    await worker.start();
    await eventually("the daemon is back", async () =>
      (await manager.dockerOk("node", "ls", "--format", "{{.Status}}")).includes("Down") ? undefined : true,
    );
    await means(manager, "app", "store", [await addressOf(worker, "db")]);
    await reaches(worker, "db", "web");
  });

  it.each(["SIGTERM", "SIGKILL"] as const)("come back with an engine that is ended by %s and started", async signal => {
    const engine = swarm.lab.hosts[1]?.docker;
    await engine?.end(signal);
    await engine?.start();
    await eventually("the policy starts it again", async () =>
      (await worker.dockerOk("inspect", "db", "--format", "{{.State.Status}}")) === "running" ? true : undefined,
    );
    const shown = async (): Promise<string> => addressOf(worker, "db");
    await eventually("its name means its address", async () => {
      const [address, ...more] = await looked(manager, "app", "store");
      return address !== undefined && more.length === 0 && address === (await shown()) ? true : undefined;
    });
    await reaches(manager, "app", "db");
    await reaches(worker, "db", "app");
  });

  it("give back what they had when they stop, and are given it again", async () => {
    await manager.dockerOk("stop", "-t", "0", "app");
    await means(worker, "db", "app", []);
    await worker.dockerOk("run", "-d", "--network", "net", "--ip", "10.88.0.77", "--name", "heir", ...sleeper);
    await worker.dockerOk("rm", "-f", "heir");
    await eventually("it starts again with its address", async () =>
      (await manager.docker("start", "app")).code === 0 ? true : undefined,
    );
    expect(await addressOf(manager, "app")).toBe("10.88.0.77");
    await reaches(worker, "db", "app");
  });

  it("are taken off the networks when their node leaves, and nothing is left of these", async () => {
    await worker.dockerOk("swarm", "leave");
    expect(await addressOf(worker, "db")).toBe("");
    expect(await worker.dockerOk("inspect", "db", "--format", "{{.State.Status}}")).toBe("running");
    expect(await swarm.lab.hosts[1]?.namespace.run(["ip", "-br", "link"])).not.toMatch(/^s[bv]/m);
    await means(manager, "app", "store", []);
    await manager.dockerOk("rm", "-f", "app");
    await manager.dockerOk("service", "rm", "web");
    await eventually("nothing uses the network", async () =>
      (await manager.docker("network", "rm", "net")).code === 0 ? true : undefined,
    );
    expect(await manager.dockerOk("network", "prune", "--force")).toBe("Deleted Networks:\nclosed");
    expect(await manager.dockerOk("network", "ls", "--format", "{{.Name}}", "--filter", "scope=swarm")).toBe("ingress");
  });
});
