import type { Command } from "commander";
import { said } from "../compose/said.ts";
import type { Api } from "./api.ts";
import { CliError } from "./failure.ts";
import { print } from "./output.ts";
import { askHidden, firstLine } from "./passphrase.ts";
import { caCommand } from "./swarm-ca.ts";
import { changedSwarmSpec, type SwarmFlags, swarmSpecOptions } from "./swarm-spec.ts";
import type { InfoView, NodeView, SwarmView } from "./types.ts";
import { collect, count } from "./values.ts";

interface JoinOptions {
  readonly token: string;
  readonly listenAddr: string;
  readonly advertiseAddr: string;
  readonly dataPathAddr: string;
  readonly availability: string;
}

interface InitOptions extends Omit<JoinOptions, "token">, SwarmFlags {
  readonly dataPathPort?: number;
  readonly defaultAddrPool?: readonly string[];
  readonly defaultAddrPoolMaskLength?: number;
  readonly forceNewCluster?: boolean;
}

/** `shoal swarm …` */
export function swarmCommands(program: Command, api: () => Api): void {
  const swarm = program.command("swarm").description("Manage the swarm");
  const addresses = (command: Command): Command =>
    command
      .option("--listen-addr <address>", "where to listen, ADDRESS or INTERFACE with optional port", "0.0.0.0:2377")
      .option("--advertise-addr <address>", "what to tell the other nodes", "")
      .option("--data-path-addr <address>", "where traffic between containers goes", "")
      .option("--availability <state>", "active, pause or drain", "active");

  initCommand(swarmSpecOptions(addresses(swarm.command("init").description("Found a swarm"))), api);

  addresses(
    swarm
      .command("join")
      .description("Join a swarm")
      .argument("<host:port>")
      .requiredOption("--token <token>", "of `shoal swarm join-token`"),
  ).action(async (remote: string, options: JoinOptions) => {
    await api().post("/swarm/join", {
      ListenAddr: options.listenAddr,
      AdvertiseAddr: options.advertiseAddr,
      DataPathAddr: options.dataPathAddr,
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

  swarmSpecOptions(swarm.command("update").description("Change the swarm's settings")).action(
    async (flags: SwarmFlags) => {
      const { Version, Spec } = await api().get<SwarmView>("/swarm");
      await api().post(`/swarm/update?version=${Version.Index}`, changedSwarmSpec(Spec, flags));
      print("Swarm updated.");
      if (flags.autolock) await printUnlockKey(api(), false);
    },
  );
  caCommand(swarm, api);
  lockCommands(swarm, api);
}

function initCommand(command: Command, api: () => Api): void {
  command
    .option("--data-path-port <port>", "of UDP, for traffic between containers", count)
    .option("--default-addr-pool <cidr>", "where subnets are taken from; repeatable", collect)
    .option("--default-addr-pool-mask-length <bits>", "of each subnet", count)
    .option("--force-new-cluster", "from this manager's state alone: when the others are lost")
    .action(async (options: InitOptions) => {
      const id = await api().post<string>(
        "/swarm/init",
        said({
          ListenAddr: options.listenAddr,
          AdvertiseAddr: options.advertiseAddr,
          DataPathAddr: options.dataPathAddr,
          DataPathPort: options.dataPathPort,
          DefaultAddrPool: options.defaultAddrPool,
          SubnetSize: options.defaultAddrPoolMaskLength,
          ForceNewCluster: options.forceNewCluster,
          AutoLockManagers: options.autolock,
          Availability: options.availability,
          Spec: changedSwarmSpec({}, options),
        }),
      );
      print(`Swarm initialized: current node (${id}) is now a manager.\n`);
      print(`To add a worker to this swarm, run the following command:\n\n    ${await joinCommand(api(), "Worker")}\n`);
      print("To add a manager to this swarm, run `shoal swarm join-token manager`.");
      if (options.autolock) await printUnlockKey(api(), false);
    });
}

function lockCommands(swarm: Command, api: () => Api): void {
  swarm
    .command("unlock-key")
    .description("Show or change the key that unlocks managers")
    .option("--rotate", "make a new one")
    .option("-q, --quiet", "only the key")
    .action(async ({ rotate, quiet = false }: { rotate?: boolean; quiet?: boolean }) => {
      if (rotate) {
        const { Version, Spec } = await api().get<SwarmView>("/swarm");
        await api().post(`/swarm/update?version=${Version.Index}&rotateManagerUnlockKey=true`, Spec);
        if (!quiet) print("Successfully rotated manager unlock key.\n");
      }
      await printUnlockKey(api(), quiet);
    });

  swarm
    .command("unlock")
    .description("Unlock this manager")
    .action(async () => {
      await api().post("/swarm/unlock", { UnlockKey: await askUnlockKey() });
    });
}

/** From the terminal, or as the first line of the standard input. */
async function askUnlockKey(): Promise<string> {
  if (process.stdin.isTTY) return askHidden("Please enter unlock key: ");
  return firstLine(await readAll(process.stdin), "the standard input");
}

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return text;
}

async function printUnlockKey(api: Api, quiet: boolean): Promise<void> {
  const { UnlockKey } = await api.get<{ UnlockKey: string }>("/swarm/unlockkey");
  if (quiet) return print(UnlockKey);
  if (UnlockKey === "") throw new CliError("no unlock key is set: turn it on with `shoal swarm update --autolock`");
  print("To unlock a swarm manager after it restarts, run `shoal swarm unlock` and provide the following key:\n");
  print(`    ${UnlockKey}\n\nRemember to store this key in a password manager, since without it you`);
  print("will not be able to restart the manager.");
}

async function joinCommand(api: Api, kind: "Worker" | "Manager"): Promise<string> {
  const [swarm, info] = await Promise.all([api.get<SwarmView>("/swarm"), api.get<InfoView>("/info")]);
  const node = await api.get<NodeView>(`/nodes/${info.Swarm.NodeID}`);
  return `shoal swarm join --token ${swarm.JoinTokens[kind]} ${node.ManagerStatus?.Addr ?? info.Swarm.NodeAddr}`;
}
