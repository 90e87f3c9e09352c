import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { OverlaySwarm } from "../lab/overlay-swarm.ts";
import { serverFlags } from "../lab/peer-programs.ts";
import { networksUnavailableReason } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";

const reason = networksUnavailableReason();
const title = "who reaches whom on two hosts";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 180_000 }, () => {
  let swarm: OverlaySwarm;
  let manager: Daemon;

  beforeAll(async () => {
    swarm = await OverlaySwarm.start(2);
    manager = swarm.manager;
  }, 180_000);
  afterAll(() => swarm?.close());

  const create = (name: string, ...args: string[]) =>
    manager.dockerOk("service", "create", "--detach", "--name", name, ...args);

  /** What a program in a service's container on a node says and on what it ends. */
  const inside = async (service: string, daemon: Daemon, script: string): Promise<{ said: string; code: number }> => {
    const id = await daemon.dockerOk("ps", "-q", "--filter", `label=com.docker.swarm.service.name=${service}`);
    const { code, stdout } = await daemon.docker("exec", id, "timeout", "10", "sh", "-c", script);
    return { said: stdout.trim(), code };
  };

  /** Address on a network of the one task of a service. */
  const addressOf = async (service: string): Promise<string> => {
    const [task] = await runningTasks(manager, service, 1);
    const format = "{{range .NetworksAttachments}}{{range .Addresses}}{{.}} {{end}}{{end}}";
    const [address = ""] = (await manager.dockerOk("inspect", "--type", "task", "-f", format, task!.ID)).split(" ");
    return address.split("/")[0] ?? "";
  };

  it("begins with services on two networks", async () => {
    await manager.dockerOk("network", "create", "--driver", "overlay", "back");
    await manager.dockerOk("network", "create", "--driver", "overlay", "--internal", "closed");
    const sleeper = ["--mode", "global", "busybox", "sleep", "100000"];
    await create("web", "--network", "back", ...sleeper);
    await create("spy", "--network", "back", ...sleeper);
    await create("inner", "--network", "closed", ...sleeper);
    const onFirst = ["--constraint", "node.role==manager"];
    await create(
      "db",
      "--network",
      "back",
      "--label",
      "shoal.allow-from=web",
      ...onFirst,
      ...serverFlags(swarm.programs),
    );
    for (const service of ["web", "spy", "inner"]) await runningTasks(manager, service, 2);
    await runningTasks(manager, "db", 1);
  });

  it("lets only the named services reach one that is restricted, from its own node and from others, by name and directly", async () => {
    const direct = await addressOf("db");
    for (const daemon of swarm.daemons)
      for (const target of ["db", direct]) {
        await eventually(`web reaches ${target}`, async () =>
          (await inside("web", daemon, `nc -w 3 ${target} 80`)).said.startsWith("db.1.") ? true : undefined,
        );
        expect(await inside("spy", daemon, `nc -w 3 ${target} 80`)).toMatchObject({ said: "" });
      }
  });

  it("lets them again when the label is gone", async () => {
    await manager.dockerOk("service", "update", "--quiet", "--label-rm", "shoal.allow-from", "db");
    for (const daemon of swarm.daemons)
      await eventually("spy reaches db", async () =>
        (await inside("spy", daemon, "nc -w 3 db 80")).said.startsWith("db.1.") ? true : undefined,
      );
  });

  it("keeps networks apart, and leads nowhere out of an internal one", async () => {
    const db = await addressOf("db");
    const outside = swarm.client.address;
    const [daemon] = swarm.daemons;
    const pings = async (service: string, to: string) =>
      (await inside(service, daemon!, `ping -c 1 -W 2 ${to}`)).code === 0;
    expect(await pings("web", outside)).toBe(true);
    expect(await pings("web", db)).toBe(true);
    expect(await pings("inner", outside)).toBe(false);
    expect(await pings("inner", db)).toBe(false);
    expect((await inside("inner", daemon!, "nslookup db")).said).not.toContain(db);
    expect((await inside("inner", daemon!, "nslookup tasks.inner | grep -c Address:")).said).toBe("3");
  });

  it("heals what others break, engines included", async () => {
    const [, other] = swarm.daemons;
    const host = swarm.lab.hosts[1]!;
    const engine = host.docker;
    await engine.end("SIGKILL");
    await engine.start();
    await host.namespace.run(["nft", "flush", "ruleset"]);
    const bridges = (await host.namespace.run(["ip", "-br", "link", "show", "type", "bridge"])).match(/^sb\S+/gm) ?? [];
    expect(bridges.length).toBeGreaterThan(1);
    const unseen = ["type", "bridge", "nf_call_iptables", "0", "nf_call_ip6tables", "0"];
    for (const bridge of bridges) await host.namespace.run(["ip", "link", "set", "dev", bridge, ...unseen]);
    // Other bridges of the engine's may be as they like: the setting is each bridge's own.
    await eventually("rules see into the bridges again", async () => {
      const shown = await Promise.all(
        bridges.map(bridge => host.namespace.run(["ip", "-d", "link", "show", "dev", bridge])),
      );
      return shown.every(text => text.includes("nf_call_iptables 1 nf_call_ip6tables 1")) ? true : undefined;
    });
    await runningTasks(manager, "web", 2);
    await eventually("web reaches db again", async () =>
      (await inside("web", other!, "nc -w 3 db 80")).said.startsWith("db.1.") ? true : undefined,
    );
  });
});
