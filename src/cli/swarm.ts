import type { Command } from "commander";
import type { Api } from "./api.ts";
import { print } from "./output.ts";
import type { InfoView, NodeView, SwarmView } from "./types.ts";
import { count, duration } from "./values.ts";

interface JoinOptions {
  readonly token: string;
  readonly listenAddr: string;
  readonly advertiseAddr: string;
  readonly availability: string;
}

/** `shoal swarm …` */
export function swarmCommands(program: Command, api: () => Api): void {
  const swarm = program.command("swarm").description("Manage the swarm");
  const addresses = (command: Command): Command =>
    command
      .option("--listen-addr <address>", "where to listen, ADDRESS or INTERFACE with optional port", "0.0.0.0:2377")
      .option("--advertise-addr <address>", "what to tell the other nodes", "")
      .option("--availability <state>", "active, pause or drain", "active");

  addresses(swarm.command("init").description("Found a swarm")).action(async (options: Omit<JoinOptions, "token">) => {
    const id = await api().post<string>("/swarm/init", {
      ListenAddr: options.listenAddr,
      AdvertiseAddr: options.advertiseAddr,
      Availability: options.availability,
      Spec: {},
    });
    print(`Swarm initialized: current node (${id}) is now a manager.\n`);
    print(`To add a worker to this swarm, run the following command:\n\n    ${await joinCommand(api(), "Worker")}\n`);
  });

  addresses(
    swarm.command("join").description("Join a swarm").argument("<host:port>").requiredOption("--token <token>"),
  ).action(async (remote: string, options: JoinOptions) => {
    await api().post("/swarm/join", {
      ListenAddr: options.listenAddr,
      AdvertiseAddr: options.advertiseAddr,
      Availability: options.availability,
      JoinToken: options.token,
      RemoteAddrs: [remote],
    });
    const info = await api().get<InfoView>("/info");
    print(`This node joined a swarm as a ${info.Swarm.ControlAvailable ? "manager" : "worker"}.`);
  });

  swarm
    .command("leave")
    .description("Leave the swarm")
    .option("-f, --force", "also as the last manager: the swarm's state is lost")
    .action(async ({ force }: { force?: boolean }) => {
      await api().post(`/swarm/leave${force ? "?force=1" : ""}`);
      print("Node left the swarm.");
    });

  swarm
    .command("join-token")
    .description("Show or change a join token")
    .argument("<role>", "worker or manager")
    .option("--rotate", "make the old token worthless")
    .option("-q, --quiet", "only the token")
    .action(async (role: string, options: { rotate?: boolean; quiet?: boolean }) => {
      const kind = role === "manager" ? "Manager" : "Worker";
      if (role !== "manager" && role !== "worker") program.error(`unknown role "${role}": worker or manager`);
      if (options.rotate) {
        const { Version, Spec } = await api().get<SwarmView>("/swarm");
        await api().post(`/swarm/update?version=${Version.Index}&rotate${kind}Token=true`, Spec);
      }
      const { JoinTokens } = await api().get<SwarmView>("/swarm");
      print(options.quiet ? JoinTokens[kind] : await joinCommand(api(), kind));
    });

  swarm
    .command("update")
    .description("Change the swarm's settings")
    .option("--task-history-limit <n>", "ended tasks kept per slot", count)
    .option("--dispatcher-heartbeat <duration>", "how often nodes report", duration)
    .option("--cert-expiry <duration>", "how long node certificates hold", duration)
    .action(async (options: { taskHistoryLimit?: number; dispatcherHeartbeat?: number; certExpiry?: number }) => {
      const { Version, Spec } = await api().get<SwarmView>("/swarm");
      const { taskHistoryLimit, dispatcherHeartbeat, certExpiry } = options;
      await api().post(`/swarm/update?version=${Version.Index}`, {
        ...Spec,
        Orchestration: {
          ...Spec.Orchestration,
          ...(taskHistoryLimit === undefined ? {} : { TaskHistoryRetentionLimit: taskHistoryLimit }),
        },
        Dispatcher: { ...Spec.Dispatcher, ...(dispatcherHeartbeat ? { HeartbeatPeriod: dispatcherHeartbeat } : {}) },
        CAConfig: { ...Spec.CAConfig, ...(certExpiry ? { NodeCertExpiry: certExpiry } : {}) },
      });
      print("Swarm updated.");
    });
}

async function joinCommand(api: Api, kind: "Worker" | "Manager"): Promise<string> {
  const [swarm, info] = await Promise.all([api.get<SwarmView>("/swarm"), api.get<InfoView>("/info")]);
  const node = await api.get<NodeView>(`/nodes/${info.Swarm.NodeID}`);
  return `shoal swarm join --token ${swarm.JoinTokens[kind]} ${node.ManagerStatus?.Addr ?? info.Swarm.NodeAddr}`;
}
