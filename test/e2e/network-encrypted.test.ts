import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Capture } from "../lab/capture.ts";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { DockerClient } from "../lab/docker-client.ts";
import { OverlaySwarm } from "../lab/overlay-swarm.ts";
import { findProgram, tunnelsUnavailableReason } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";
import { shoal } from "../lab/shoal.ts";

const reason = tunnelsUnavailableReason();
const title = "an encrypted network of two hosts";
/** What each service says to who calls it, before many packets of the largest size: none of it is on the wire by chance. */
const words = { secret: "what-nobody-is-to-read", open: "what-anybody-may-read" };
const fillerBytes = 100_000;
const filler = "x".repeat(fillerBytes);

/* On one host: what its tunnel is by, and what ends it, be it the kernel's or wireguard-go's. */
const eachTunnel = "for tunnel in $(ip netns list | cut -d ' ' -f 1); do";
const devices = ["sh", "-c", `${eachTunnel} ip -n $tunnel -o link show dev $tunnel | cut -d : -f 1,2; done`];
const breakTunnel = [
  "sh",
  "-c",
  `pkill -KILL wireguard-go || ${eachTunnel} ip -n $tunnel link delete dev $tunnel; done`,
];

/** A server's command: to each caller a word and the filler. */
function serverOf(word: string): string[] {
  return ["nc", "-ll", "-p", "80", "-e", "sh", "-c", `echo ${word}; head -c ${fillerBytes} /dev/zero | tr '\\0' x`];
}

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

  const create = (network: string, name: string, { options }: Daemon, ...command: string[]) =>
    manager.dockerOk(
      ...["service", "create", "--detach", "--name", `${network}-${name}`, "--network", network],
      ...["--stop-grace-period", "1s", "--constraint", `node.hostname==${options.hostname}`, "busybox", ...command],
    );

  /** A network with a server on the worker and a container that calls it on the manager. */
  const populate = async (network: "secret" | "open", ...options: string[]): Promise<void> => {
    await manager.dockerOk("network", "create", "--driver", "overlay", ...options, network);
    await create(network, "server", worker, ...serverOf(words[network]));
    await create(network, "cli", manager, "sleep", "100000");
    await runningTasks(manager, `${network}-server`, 1);
    await runningTasks(manager, `${network}-cli`, 1);
  };

  /** What a container hears when it calls; by its engine, which is there also without a daemon. */
  const call = async (network: "secret" | "open", callee = `${network}-server`): Promise<string> => {
    const label = `label=com.docker.swarm.service.name=${network}-cli`;
    const id = await engine.dockerOk("ps", "-q", "--filter", label);
    const { stdout } = await engine.docker("exec", id, "timeout", "5", "nc", "-w", "5", callee, "80");
    return stdout.trim().replace(`\n${filler}`, "");
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

  /** What there is of a tunnel on each host. */
  const tunnels = () => onEach(["sh", "-c", "ip netns list; pgrep wireguard-go; ls /run/wireguard"]);

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

  it("is found to be well, with packets as large as it says", async () => {
    await eventually("shoal net doctor to find nothing wrong", async () => {
      const { stdout } = await shoal(manager, ["net", "doctor"]);
      return stdout.includes("Nothing is wrong.") || undefined;
    });
  });

  it("comes back when the tunnel was broken", async () => {
    const before = await onEach(devices);
    await onEach(breakTunnel);
    await isReached("secret");
    expect(await onEach(devices)).not.toEqual(before);
  });

  it("outlives its daemons, which take it up again", async () => {
    const address = await virtualAddress("secret");
    const before = await onEach(devices);
    for (const daemon of swarm.daemons) await daemon.end("SIGKILL");
    expect(await call("secret", address)).toBe(words.secret);
    await Promise.all(swarm.daemons.map(daemon => daemon.start()));
    await runningTasks(manager, "secret-server", 1);
    await isReached("secret");
    expect(await onEach(devices)).toEqual(before);
  });

  it("goes nowhere rather than in the clear, and says why", async () => {
    const program = findProgram("wg") ?? "";
    await onEach(["mount", "--bind", "/bin/false", program]);
    await onEach(breakTunnel);
    expect(await call("secret")).toBe("");
    const reason = "this node cannot encrypt: wg is not installed";
    // A busy node looks at its tunnel some seconds later, and starts tasks on it until then.
    await eventually("both nodes to know", async () => {
      const { stdout } = await shoal(manager, ["net", "doctor"]);
      return stdout.split(reason).length > 2 || undefined;
    });
    await create("secret", "late", worker, "sleep", "100000");
    await eventually("the task to say why it waits", async () => {
      const error = await manager.dockerOk("service", "ps", "--no-trunc", "--format", "{{.Error}}", "secret-late");
      return error.includes(reason) || undefined;
    });
    await onEach(["umount", program]);
    await runningTasks(manager, "secret-late", 1);
    await isReached("secret");
    expect(await capture.has(words.secret)).toBe(false);
  });

  it("leaves nothing behind on a node that has lost its last task on it, or leaves the swarm", async () => {
    await manager.dockerOk("service", "rm", "secret-cli");
    await eventually("the manager has no tunnel", async () => ((await tunnels())[0] === "" ? true : undefined));
    expect((await tunnels())[1]).not.toBe("");
    await worker.dockerOk("swarm", "leave");
    await eventually("the worker has none either", async () => ((await tunnels()).join("") === "" ? true : undefined));
  });
});
