import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Capture } from "../lab/capture.ts";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { DockerClient } from "../lab/docker-client.ts";
import { OverlaySwarm } from "../lab/overlay-swarm.ts";
import { tunnelsUnavailableReason } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";

const reason = tunnelsUnavailableReason();
const title = "an encrypted network of two hosts";
/** What each service says to who calls it: none of it can be found on the wire by chance. */
const words = { secret: "what-nobody-is-to-read", open: "what-anybody-may-read" };

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 120_000 }, () => {
  let swarm: OverlaySwarm;
  let manager: Daemon;
  let worker: Daemon;
  /** The manager's. */
  let engine: DockerClient;
  let capture: Capture;

  beforeAll(async () => {
    swarm = await OverlaySwarm.start(2);
    manager = swarm.manager;
    worker = swarm.daemons[1]!;
    const host = swarm.lab.hosts[0]!;
    engine = new DockerClient(host.docker.socket, join(host.dir, "cli"));
    capture = await Capture.begin(swarm.lab.hub, swarm.client.dir);
  }, 120_000);
  afterAll(() => swarm?.close());

  /** A network with a server on the worker and a container that calls it on the manager. */
  const populate = async (network: "secret" | "open", ...options: string[]): Promise<void> => {
    await manager.dockerOk("network", "create", "--driver", "overlay", ...options, network);
    const create = (name: string, daemon: Daemon, ...command: string[]) =>
      manager.dockerOk(
        ...["service", "create", "--detach", "--name", `${network}-${name}`, "--network", network],
        ...[
          "--stop-grace-period",
          "1s",
          "--constraint",
          `node.hostname==${daemon.options.hostname}`,
          "busybox",
          ...command,
        ],
      );
    await create("server", worker, "sh", "-c", `while :; do echo ${words[network]} | nc -l -p 80; done`);
    await create("cli", manager, "sleep", "100000");
    await runningTasks(manager, `${network}-server`, 1);
    await runningTasks(manager, `${network}-cli`, 1);
  };

  /** What a container hears when it calls; by its engine, which is there also without a daemon. */
  const call = async (network: "secret" | "open", callee = `${network}-server`): Promise<string> => {
    const label = `label=com.docker.swarm.service.name=${network}-cli`;
    const id = await engine.dockerOk("ps", "-q", "--filter", label);
    const { stdout } = await engine.docker("exec", id, "timeout", "5", "nc", "-w", "5", callee, "80");
    return stdout.trim();
  };

  /** Names are the daemon's to answer; addresses need none. */
  const virtualAddress = async (network: "secret" | "open"): Promise<string> => {
    const vips = "{{(index .Endpoint.VirtualIPs 0).Addr}}";
    return (await manager.dockerOk("service", "inspect", "--format", vips, `${network}-server`)).replace(/\/.*/, "");
  };

  const isReached = (network: "secret" | "open", callee?: string) =>
    eventually(`${network}-server answers`, async () => (await call(network, callee)) === words[network] || undefined);

  const onEach = (argv: readonly string[]) =>
    Promise.all(swarm.lab.hosts.slice(0, 2).map(async ({ namespace }) => (await namespace.tryRun(argv)).stdout));

  it("carries calls by name, by virtual address and directly", async () => {
    await populate("secret", "--opt", "encrypted");
    await isReached("secret");
    await isReached("secret", "tasks.secret-server");
  });

  it("shows nothing of them on the wire, where a network in the clear shows all", async () => {
    await populate("open");
    await isReached("open");
    expect(await capture.has(words.open)).toBe(true);
    expect(await capture.has(words.secret)).toBe(false);
  });

  it("comes back when the tunnel's program was killed", async () => {
    const [before] = await onEach(["pgrep", "wireguard-go"]);
    await onEach(["pkill", "-KILL", "wireguard-go"]);
    await isReached("secret");
    const [after] = await onEach(["pgrep", "wireguard-go"]);
    expect(after).toMatch(/^\d+\n$/);
    expect(after).not.toBe(before);
  });

  it("outlives its daemons, which take it up again", async () => {
    const address = await virtualAddress("secret");
    const before = await onEach(["pgrep", "wireguard-go"]);
    for (const daemon of swarm.daemons) await daemon.end("SIGKILL");
    expect(await call("secret", address)).toBe(words.secret);
    await Promise.all(swarm.daemons.map(daemon => daemon.start()));
    await runningTasks(manager, "secret-server", 1);
    await isReached("secret");
    expect(await onEach(["pgrep", "wireguard-go"])).toEqual(before);
  });

  it("goes nowhere rather than in the clear", async () => {
    const address = await virtualAddress("secret");
    for (const { pid } of swarm.daemons) process.kill(pid, "SIGSTOP");
    await onEach(["pkill", "-KILL", "wireguard-go"]);
    expect(await call("secret", address)).toBe("");
    for (const { pid } of swarm.daemons) process.kill(pid, "SIGCONT");
    await isReached("secret");
    expect(await capture.has(words.secret)).toBe(false);
  });

  it("leaves nothing behind on a node that leaves the swarm, or has lost its last task on it", async () => {
    await worker.dockerOk("swarm", "leave");
    await manager.dockerOk("service", "rm", "secret-server", "secret-cli");
    await eventually("the tunnels are gone", async () => {
      const left = await onEach(["sh", "-c", "ip netns list; pgrep wireguard-go; ls /run/wireguard"]);
      return left.join("") === "" || undefined;
    });
  });
});
