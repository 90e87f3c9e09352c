import { existsSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command, eventually } from "./command.ts";
import { createLab, type Lab } from "./lab.ts";
import { dockerCliUnavailableReason } from "./requirements.ts";

const reason = dockerCliUnavailableReason();

describe.skipIf(reason !== undefined)(`a lab of hosts${reason ? ` (skipped: ${reason})` : ""}`, () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await createLab(2);
  });
  afterAll(() => lab?.close());

  const host = (index: number) => lab.hosts[index]!;
  const ping = (from: number, to: number) =>
    host(from).namespace.tryRun(["busybox", "ping", "-c", "1", "-W", "2", host(to).address]);

  it("joins hosts that reach each other", async () => {
    expect((await ping(0, 1)).code).toBe(0);
    expect((await ping(1, 0)).code).toBe(0);
    expect((await host(1).namespace.run(["hostname"])).trim()).toBe("host2");
  });

  it("gives each an engine of its own, whose containers reach the other host", async () => {
    const run = (index: number, ...args: string[]) =>
      command(["docker", "-H", `unix://${host(index).docker.socket}`, ...args]);
    await run(0, "run", "-d", "--name", "only-here", "busybox", "sleep", "1000");
    expect((await run(0, "ps", "--format", "{{.Names}}")).trim()).toBe("only-here");
    expect((await run(1, "ps", "-a", "--format", "{{.Names}}")).trim()).toBe("");
    await run(0, "exec", "only-here", "ping", "-c", "1", "-W", "2", host(1).address);
    await run(1, "run", "--rm", "busybox", "ping", "-c", "1", "-W", "2", host(0).address);
  });

  it("pulls and plugs cables", async () => {
    await host(1).unplug();
    expect((await ping(0, 1)).code).not.toBe(0);
    await host(1).plug();
    await eventually("the cable to work again", async () => ((await ping(0, 1)).code === 0 ? true : undefined));
  });

  it("leaves nothing behind", async () => {
    const dirs = lab.hosts.map(each => each.dir);
    const pids = lab.hosts.flatMap(each => [each.namespace.pid, each.docker.pid]);
    await lab.close();
    for (const dir of dirs) expect(existsSync(dir)).toBe(false);
    for (const pid of pids) expect(existsSync(`/proc/${pid}`)).toBe(false);
    const cgroups = readdirSync("/sys/fs/cgroup", { recursive: false }).flatMap(name => {
      const path = `/sys/fs/cgroup/${String(name)}`;
      return existsSync(`${path}/cgroup.procs`) ? readdirSync(path) : [];
    });
    expect(cgroups.filter(name => name.startsWith(`shoal-lab-${process.pid}-`))).toEqual([]);
    expect(await command(["ip", "-o", "link"])).not.toMatch(/ (switch|port\d+)[@:]/);
  });
});
