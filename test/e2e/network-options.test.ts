import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Capture } from "../lab/capture.ts";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { OverlaySwarm } from "../lab/overlay-swarm.ts";
import { serverFlags } from "../lab/peer-programs.ts";
import { networksUnavailableReason } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";

const reason = networksUnavailableReason();
const title = "where two hosts publish, and which way they go";
/** The hosts' addresses on another device, for overlay networks alone. */
const second = (address: string): string => address.replace("10.99.", "10.98.");
const hasSctp = "socket(my $s, 2, 1, 132) or die $!";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 180_000 }, () => {
  let swarm: OverlaySwarm;
  let manager: Daemon;

  beforeAll(async () => {
    swarm = await OverlaySwarm.start(2, 1, async host => {
      await host.connectToo("eth1", `${second(host.address)}/24`);
      return ["--data-path-addr", second(host.address)];
    });
    manager = swarm.manager;
    const { namespace, address } = swarm.client;
    await namespace.run(["ip", "address", "add", `${second(address)}/24`, "dev", "eth0"]);
    const onSecond = ["--constraint", "node.role==worker", "--publish", "8080:80", "--publish", "9000:9000/sctp"];
    await manager.dockerOk(
      "service",
      "create",
      "--detach",
      "--name",
      "web",
      ...onSecond,
      ...serverFlags(swarm.programs),
    );
    await runningTasks(manager, "web", 1);
  }, 180_000);
  afterAll(() => swarm?.close());

  const answers = (address: string) =>
    eventually(`${address} answers`, async () => ((await swarm.callTcp(address, 8080)) === "" ? undefined : true));
  const refuses = (address: string) =>
    eventually(`${address} refuses`, async () => ((await swarm.callTcp(address, 8080)) === "" ? true : undefined));

  it("carries the mesh by the addresses of --data-path-addr alone", async () => {
    const [first = ""] = swarm.addresses;
    await answers(first);
    const capture = await Capture.begin(swarm.lab.hub, swarm.client.dir);
    for (let call = 0; call < 4; call += 1) expect(await swarm.callTcp(first, 8080)).toContain(swarm.client.address);
    await capture.end();
    expect(await capture.count("udp port 4789 and src net 10.98.0.0/24 and dst net 10.98.0.0/24")).toBeGreaterThan(7);
    expect(await capture.count("udp port 4789 and net 10.99.0.0/24")).toBe(0);
  });

  it("publishes SCTP", async context => {
    const host = swarm.lab.hosts[0]!.namespace;
    const rules = await host.run(["nft", "list", "ruleset"]);
    expect(rules).toMatch(/sctp \. 9000 : goto port_sctp_9000/);
    expect(rules).toMatch(/chain port_sctp_9000 \{\s+meta l4proto sctp dnat ip to .*\. 9000/);
    const kernel = await host.tryRun(["/usr/bin/perl", "-e", hasSctp]);
    context.skip(
      kernel.code !== 0,
      `the rules are there; no call was made: this kernel has no SCTP (${kernel.stderr.trim()})`,
    );
    const listener =
      "socket(my $s, 2, 1, 132); bind($s, sockaddr_in(9000, INADDR_ANY)); listen($s, 5); accept(my $c, $s); print $c 'sctp'";
    const task = await swarm.daemons[1]!.dockerOk("ps", "-q", "--filter", "label=com.docker.swarm.service.name=web");
    await swarm.daemons[1]!.dockerOk("exec", "-d", task, "/usr/bin/perl", "-MSocket", "-e", listener);
    const call = `socket(my $s, 2, 1, 132); connect($s, sockaddr_in(9000, inet_aton('${swarm.addresses[0]}'))) or die; print <$s>`;
    expect(await swarm.call("/usr/bin/perl", "-MSocket", "-e", call)).toBe("sctp");
  });

  it("publishes on the addresses of a node's label alone", async () => {
    const [, other = ""] = swarm.addresses;
    await manager.dockerOk("node", "update", "--label-add", `shoal.publish-addresses=${second(other)}`, "host2");
    await refuses(other);
    await answers(second(other));
    expect(await swarm.callTcp(swarm.addresses[0]!, 8080)).toMatch(/^web\./);
    await manager.dockerOk("node", "update", "--label-rm", "shoal.publish-addresses", "host2");
    await answers(other);
  });

  it("lets a node's own tasks alone answer where the service says so", async () => {
    const [first = "", other = ""] = swarm.addresses;
    await manager.dockerOk("service", "update", "--quiet", "--label-add", "shoal.publish-local=true", "web");
    await refuses(first);
    await answers(other);
    await manager.dockerOk("service", "update", "--quiet", "--label-rm", "shoal.publish-local", "web");
    await answers(first);
  });
});
