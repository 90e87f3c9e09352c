import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import type { Namespace } from "../lab/namespace.ts";
import { OverlaySwarm } from "../lab/overlay-swarm.ts";
import { serverFlags } from "../lab/peer-programs.ts";
import { findProgram, networksUnavailableReason } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";
import { shoal } from "../lab/shoal.ts";

const noPing = findProgram("ping") ? undefined : "ping is not installed (Debian: iputils-ping)";
const reason = networksUnavailableReason() ?? noPing;
const title = "a doctor for the networks of two hosts";

/** Listens, and takes no call. */
const listener = "my $s = IO::Socket::INET->new(LocalPort => 8080, Listen => 1) or die $!; sleep 1000";

/** Stops the programs by which a daemon sees at once what others do to its node. */
function stopMonitors(daemon: Daemon): void {
  for (const each of readdirSync("/proc").filter(name => /^\d+$/.test(name)))
    if (isMonitorOf(daemon.pid, each)) process.kill(Number(each), "SIGSTOP");
}

function isMonitorOf(parent: number, pid: string): boolean {
  try {
    const isChild = readFileSync(`/proc/${pid}/status`, "utf8").includes(`\nPPid:\t${parent}\n`);
    return isChild && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("\0monitor\0");
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

interface Examination {
  readonly Nodes: readonly {
    readonly Hostname: string;
    readonly Findings: readonly { readonly Subject: string; readonly Problem: string; readonly Repaired: boolean }[];
    readonly Paths: readonly { readonly Network: string; readonly MTU: number }[];
  }[];
}

async function tableOf(host: Namespace): Promise<string> {
  const tables = await host.run(["nft", "list", "tables"]);
  return /shoal_\w+/.exec(tables)?.[0] ?? "";
}

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 180_000 }, () => {
  let swarm: OverlaySwarm;
  let manager: Daemon;

  beforeAll(async () => {
    swarm = await OverlaySwarm.start(2);
    manager = swarm.manager;
    await manager.dockerOk("network", "create", "--driver", "overlay", "back");
    const flags = ["--name", "web", "--network", "back", "--mode", "global", "--publish", "8080:80"];
    await manager.dockerOk("service", "create", "--detach", ...flags, ...serverFlags(swarm.programs));
    await runningTasks(manager, "web", 2);
  }, 180_000);
  afterAll(() => swarm?.close());

  const host = (at: number) => swarm.lab.hosts[at]!.namespace;

  /** What the doctor says, and its exit status. */
  const examine = async (...flags: string[]): Promise<{ code: number; nodes: Examination["Nodes"] }> => {
    const { code, stdout, stderr } = await shoal(manager, ["net", "doctor", "--json", ...flags]);
    if (stdout === "") throw new Error(stderr);
    return { code, nodes: (JSON.parse(stdout) as Examination).Nodes };
  };

  it("finds nothing where nothing is wrong, whole packets included", async () => {
    const { code, nodes } = await eventually("all is well", async () => {
      const found = await examine();
      return found.code === 0 ? found : undefined;
    });
    expect(nodes.map(({ Hostname, Findings }) => [Hostname, Findings])).toEqual([
      ["host1", []],
      ["host2", []],
    ]);
    for (const { Paths } of nodes)
      expect(Paths.map(({ Network, MTU }) => `${Network} ${MTU}`).sort()).toEqual([
        " 1500",
        "back 1450",
        "ingress 1450",
      ]);
    expect(code).toBe(0);
    expect((await shoal(manager, ["net", "doctor"])).stdout).toContain("Nothing is wrong.");
  });

  it("is not needed for what somebody breaks in passing: the node sees that itself", async () => {
    const table = await tableOf(host(1));
    const run = (script: string): Promise<string> => host(1).run(["sh", "-c", script]);
    const port = `chain inet ${table} port_tcp_8080`;
    const entries = "bridge fdb show | grep ' dst ' | sort";
    // How soon is for a machine that has nothing else to do: npm run net-chaos.
    const damages = [
      // Contents of rules that were seen before; later ones may be taken for what was written a moment ago.
      [`nft list ${port}`, `nft "flush ${port}; add rule inet ${table} port_tcp_8080 drop"`],
      [`nft list chain inet ${table} come_in`, `nft flush chain inet ${table} come_in`],
      [entries, `${entries} | awk '{print "fdb del", $1, "dev", $3, "dst", $5, "self"}' | bridge -batch -`],
      ["ip rule", "ip rule delete pref 5200"],
      ["ip rule", "ip rule delete pref 5199"],
      ["iptables -S DOCKER-USER | grep SHOAL || true", "iptables -F DOCKER-USER"],
    ] as const;
    for (const [look, damage] of damages) {
      const before = await run(look);
      await run(damage);
      await eventually(damage, async () => ((await run(look)) === before ? true : undefined));
    }
  });

  it("finds what somebody has broken on one node, and puts it right", async () => {
    stopMonitors(swarm.daemons[1]!);
    const links = await host(1).run(["ip", "-br", "link"]);
    const [vxlan = ""] = /^sv\S+/m.exec(links) ?? [];
    const table = await tableOf(host(1));
    const damage = [
      `ip link delete ${vxlan} 2>&1`,
      `nft "flush chain inet ${table} port_tcp_8080; add rule inet ${table} port_tcp_8080 drop"`,
      "iptables -F DOCKER-USER",
      "sysctl -qw net.ipv4.conf.all.send_redirects=1",
    ].join("\n");
    const findings = [
      `VXLAN device ${vxlan} is missing`,
      "published port 8080/tcp is different",
      "the engine's firewall (iptables): does not let pass",
      "kernel: net/ipv4/conf/all/send_redirects is 1, and must be 0",
      "path to host1: the machine answers, but not through the network",
    ];
    // More than once: the node may have had it in mind to look, and puts most of it right before the doctor comes.
    const { code, nodes } = await eventually("all of it is found", async () => {
      await host(1).run(["sh", "-c", damage]);
      const found = await examine("--node", "host2");
      const said = found.nodes[0]?.Findings.map(({ Subject, Problem }) => `${Subject}: ${Problem}`).join("\n") ?? "";
      return findings.every(each => said.includes(each)) ? found : undefined;
    });
    expect(code).toBe(1);
    expect(nodes.map(({ Hostname }) => Hostname)).toEqual(["host2"]);
    const repaired = await examine("--repair");
    expect(repaired.nodes.flatMap(({ Findings }) => Findings.filter(({ Repaired }) => !Repaired))).toEqual([]);
    expect(repaired.code).toBe(0);
    expect((await examine()).nodes.flatMap(({ Findings }) => Findings)).toEqual([]);
  });

  it("finds a path that big packets do not get through", async () => {
    await swarm.lab.hub.run(["ip", "link", "set", "port2", "mtu", "1400"]);
    const { code, nodes } = await examine();
    await swarm.lab.hub.run(["ip", "link", "set", "port2", "mtu", "1500"]);
    expect(code).toBe(1);
    const problems = nodes.flatMap(({ Findings }) => Findings.map(({ Problem }) => Problem));
    expect(problems).toContainEqual(expect.stringMatching(/^on network back no packet larger than 13\d\d bytes/));
  });

  it("knows of a program that listens on a published port, says so everywhere, and forgets it", async () => {
    const log = `${swarm.lab.hosts[1]!.dir}/listener.log`;
    const program = await host(1).spawn(["/usr/bin/perl", "-MIO::Socket::INET", "-e", listener], log);
    const message = () => manager.dockerOk("node", "inspect", "-f", "{{.Status.Message}}", "host2");
    const errors = () => manager.dockerOk("service", "ps", "--no-trunc", "--format", "{{.Node}}:{{.Error}}", "web");
    await eventually("the node says so", async () => ((await message()) === "" ? undefined : true));
    const said =
      /port 8080\/tcp, published by service web, is in use here by perl \(process \d+\): calls go to the service/;
    expect(await message()).toMatch(said);
    const lines = (await errors()).split("\n").sort();
    expect(lines[0]).toBe("host1:");
    expect(lines[1]).toMatch(/^host2:"node host2: port 8080\/tcp is in use there by /);
    expect((await shoal(manager, ["status"])).stdout).toMatch(/! node host2: port 8080\/tcp/);
    expect((await shoal(manager, ["net", "doctor"])).stdout).toMatch(/! host2: port 8080\/tcp: perl /);
    for (const address of swarm.addresses) expect(await swarm.callTcp(address, 8080)).toMatch(/^web\./);
    await program.end();
    await eventually("the node does not say so any more", async () => ((await message()) === "" ? true : undefined));
    expect((await errors()).split("\n").sort()).toEqual(["host1:", "host2:"]);
  });
});
