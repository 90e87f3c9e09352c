import type { Command } from "commander";
import { type Api, filters } from "./api.ts";
import { forEachName } from "./failure.ts";
import { capital, print, printJson, table } from "./output.ts";
import { taskTable } from "./task-table.ts";
import type { InfoView, NodeView, TaskView } from "./types.ts";
import { collect, pairs } from "./values.ts";

interface UpdateOptions {
  readonly availability?: string;
  readonly role?: string;
  readonly labelAdd?: readonly string[];
  readonly labelRm?: readonly string[];
}

/** `shoal node …` */
export function nodeCommands(program: Command, api: () => Api): void {
  const node = program.command("node").description("Manage the swarm's nodes");

  node
    .command("ls")
    .alias("list")
    .option("-q, --quiet", "only ids")
    .action(async ({ quiet }: { quiet?: boolean }) => {
      const nodes = await api().get<NodeView[]>("/nodes");
      if (quiet) return print(nodes.map(one => one.ID).join("\n"));
      const { Swarm } = await api().get<InfoView>("/info");
      const rows = nodes.map(one => [
        one.ID + (one.ID === Swarm.NodeID ? " *" : ""),
        one.Description.Hostname,
        capital(one.Status.State),
        capital(one.Spec.Availability),
        one.ManagerStatus?.Leader ? "Leader" : capital(one.ManagerStatus?.Reachability ?? ""),
        one.Description.Engine.EngineVersion,
      ]);
      print(table(["ID", "HOSTNAME", "STATUS", "AVAILABILITY", "MANAGER STATUS", "ENGINE VERSION"], rows));
    });

  node
    .command("inspect")
    .argument("<node...>")
    .action(async (names: string[]) => printJson(await Promise.all(names.map(name => find(api(), name)))));

  node
    .command("update")
    .argument("<node>")
    .option("--availability <state>", "active, pause or drain")
    .option("--role <role>", "worker or manager")
    .option("--label-add <key=value>", "add or change a label", collect)
    .option("--label-rm <key>", "remove a label", collect)
    .action(async (name: string, options: UpdateOptions) => {
      const { ID, Version, Spec } = await find(api(), name);
      const kept = Object.entries(Spec.Labels ?? {}).filter(([key]) => !options.labelRm?.includes(key));
      await api().post(`/nodes/${ID}/update?version=${Version.Index}`, {
        ...Spec,
        Availability: options.availability ?? Spec.Availability,
        Role: options.role ?? Spec.Role,
        Labels: { ...Object.fromEntries(kept), ...pairs(options.labelAdd) },
      });
      print(name);
    });

  node
    .command("ps")
    .argument("[node]", "", "self")
    .option("--no-trunc", "whole ids and reasons")
    .action(async (name: string, { trunc }: { trunc: boolean }) => {
      const { ID } = await find(api(), name);
      const tasks = await api().get<TaskView[]>(`/tasks?${filters({ node: [ID] })}`);
      print(await taskTable(api(), tasks, trunc));
    });

  node
    .command("rm")
    .argument("<node...>")
    .option("-f, --force", "also when it is not down")
    .action((names: string[], { force }: { force?: boolean }) =>
      forEachName(names, name => api().delete(`/nodes/${encodeURIComponent(name)}${force ? "?force=1" : ""}`)),
    );
}

/** A node by name or id; "self" is the daemon's own. */
async function find(api: Api, name: string): Promise<NodeView> {
  const id = name === "self" ? (await api.get<InfoView>("/info")).Swarm.NodeID : name;
  return api.get<NodeView>(`/nodes/${encodeURIComponent(id)}`);
}
