import type { Command } from "commander";
import type { Api } from "./api.ts";
import { print } from "./output.ts";
import type { InfoView } from "./types.ts";

/** `shoal info`, `version`, `events`. */
export function systemCommands(program: Command, api: () => Api): void {
  program
    .command("info")
    .description("This node and its swarm")
    .action(async () => {
      const { Name, ServerVersion, Swarm } = await api().get<InfoView>("/info");
      print(`Name: ${Name}\nServer Version: ${ServerVersion}\nSwarm: ${Swarm.LocalNodeState}`);
      if (Swarm.Error) print(` Error: ${Swarm.Error}`);
      if (Swarm.NodeID === "") return;
      print(` NodeID: ${Swarm.NodeID}\n Node Address: ${Swarm.NodeAddr}\n Is Manager: ${Swarm.ControlAvailable}`);
      if (Swarm.Cluster) print(` ClusterID: ${Swarm.Cluster.ID}\n Managers: ${Swarm.Managers}\n Nodes: ${Swarm.Nodes}`);
      for (const { Addr } of Swarm.RemoteManagers ?? []) print(` Manager Address: ${Addr}`);
    });

  program
    .command("version")
    .description("The daemon's version")
    .action(async () => {
      const { Version, ApiVersion } = await api().get<{ Version: string; ApiVersion: string }>("/version");
      print(`Version: ${Version}\nAPI version: ${ApiVersion}`);
    });

  program
    .command("events")
    .description("What happens, as it happens, a JSON line an event")
    .action(() =>
      api().stream("/events", async body => {
        let rest = "";
        for await (const chunk of body.setEncoding("utf8")) {
          const lines = (rest + chunk).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) print(line);
        }
      }),
    );
}
