import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import type { LabHost } from "../lab/lab.ts";
import { OverlaySwarm } from "../lab/overlay-swarm.ts";
import { serverFlags } from "../lab/peer-programs.ts";
import { networksUnavailableReason } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";

const reason = networksUnavailableReason();
const title = "IPv6 on two hosts";
const ingress = ["--ingress", "--driver", "overlay", "--subnet", "10.0.0.0/24", "--ipv6", "--subnet", "fd00:aa::/64"];
const published = ["--publish", "8080:80", "--publish", "5353:53/udp"];

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 180_000 }, () => {
  let swarm: OverlaySwarm;
  let manager: Daemon;
  const address = (at: number): string => `fd99::${11 + at}`;

  beforeAll(async () => {
    const addAddress = ({ namespace }: LabHost, at: number) =>
      namespace.run(["ip", "address", "add", `${address(at)}/64`, "dev", "eth0", "nodad"]);
    // Before the daemons enter the swarm, so that they tell of them at once.
    swarm = await OverlaySwarm.start(2, 1, async host => {
      await addAddress(host, Number(host.name.slice("host".length)) - 1);
      return [];
    });
    manager = swarm.manager;
    await addAddress(swarm.client, 2);
    await manager.dockerWith("y\n", "network", "rm", "ingress");
    await eventually("there can be another ingress network", async () =>
      (await manager.docker("network", "create", ...ingress, "ingress")).code === 0 ? true : undefined,
    );
    await manager.dockerOk("network", "create", "-d", "overlay", "--ipv6", "--subnet", "fd00:bb::/64", "back");
    const flags = ["--name", "web", "--network", "back", "--mode", "global", ...published];
    await manager.dockerOk("service", "create", "--detach", ...flags, ...serverFlags(swarm.programs));
    await manager.dockerOk(
      ...["service", "create", "--detach", "--name", "cli", "--network", "back", "--mode", "global"],
      ...["busybox", "sleep", "100000"],
    );
    await runningTasks(manager, "web", 2);
    await runningTasks(manager, "cli", 2);
  }, 180_000);
  afterAll(() => swarm?.close());

  /** Whom some calls reached, and what they saw of the caller; both in order. */
  const reached = async (calls: number, call: () => Promise<string>): Promise<[tasks: number, callers: string[]]> => {
    const answers: string[][] = [];
    for (let at = 0; at < calls; at += 1) answers.push((await call()).split(" "));
    return [new Set(answers.map(([task]) => task)).size, [...new Set(answers.map(([, by = ""]) => by))].sort()];
  };

  it("publishes ports on every node's IPv6 address, and containers see the client's own", async () => {
    const client = address(2);
    for (const at of [0, 1]) {
      await eventually("both tasks are reached", async () => {
        const [tasks] = await reached(4, () => swarm.callTcp(address(at), 8080));
        return tasks === 2 ? true : undefined;
      });
      expect(await reached(4, () => swarm.callTcp(address(at), 8080))).toEqual([2, [client]]);
      expect(await reached(4, () => swarm.callUdp(address(at), 5353))).toEqual([2, [client]]);
    }
    // And by IPv4 as before.
    expect(await reached(4, () => swarm.callTcp(swarm.addresses[0]!, 8080))).toEqual([2, [swarm.client.address]]);
  });

  it("answers its own hosts, by either node and with tasks of their own", async () => {
    for (const [at, { namespace }] of swarm.lab.hosts.slice(0, 2).entries())
      for (const to of [0, 1]) {
        const argv = ["busybox", "nc", "-w", "5", address(to), "8080"];
        const answers: string[] = [];
        for (let call = 0; call < 4; call += 1) answers.push((await namespace.tryRun(argv)).stdout.trim());
        const tasks = new Set(answers.flatMap(answer => answer.split(" ")[0] || []));
        expect([at, to, tasks.size]).toEqual([at, to, 2]);
      }
  });

  it("refuses its own hosts' calls to ::1 at once, so that who calls localhost goes on to 127.0.0.1", async () => {
    const { namespace } = swarm.lab.hosts[0]!;
    const call = (to: string) => namespace.tryRun(["busybox", "nc", "-w", "5", to, "8080"]);
    expect((await call("::1")).stderr).toContain("refused");
    expect((await call("127.0.0.1")).stdout).toMatch(/^web\./);
  });

  it("leads containers to services and tasks by IPv6, names included", async () => {
    for (const daemon of swarm.daemons) {
      const id = await daemon.dockerOk("ps", "-q", "--filter", "label=com.docker.swarm.service.name=cli");
      const inside = async (script: string) =>
        (await daemon.docker("exec", id, "timeout", "10", "sh", "-c", script)).stdout.trim();
      const looked = await inside("nslookup -type=aaaa web | grep ^Address | tail -1");
      const vip = /fd00:bb::\S+/.exec(looked)?.[0] ?? looked;
      expect(vip).toMatch(/^fd00:bb::/);
      expect((await reached(4, () => inside(`nc -w 5 ${vip} 80`)))[0]).toBe(2);
      const tasks = (await inside("nslookup -type=aaaa tasks.web | grep -o 'fd00:bb::[0-9a-f]*'")).split("\n");
      expect(tasks).toHaveLength(2);
      for (const task of tasks) expect(await inside(`nc -w 5 ${task} 80`)).toMatch(/^web\./);
    }
  });
});
