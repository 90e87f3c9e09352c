import type { Command } from "commander";
import { type Api, filters } from "./api.ts";
import { CliError, forEachName, showFound } from "./failure.ts";
import { inspectCommand } from "./list/inspect.ts";
import { type Listing, type ListOptions, listOptions, parseFilters, printList, type Row } from "./list/listing.ts";
import { capital, print } from "./output.ts";
import { printTasks, type TaskListOptions } from "./task-table.ts";
import type { InfoView, NodeView, SwarmView } from "./types.ts";
import { collect, pairs, taskListOptions } from "./values.ts";

interface UpdateOptions {
  readonly availability?: string;
  readonly role?: string;
  readonly labelAdd?: readonly string[];
  readonly labelRm?: readonly string[];
}

const listing: Listing = {
  columns: [
    ["ID", "ID"],
    ["HOSTNAME", "Hostname"],
    ["STATUS", "Status"],
    ["AVAILABILITY", "Availability"],
    ["MANAGER STATUS", "ManagerStatus"],
    ["ENGINE VERSION", "EngineVersion"],
  ],
  more: [
    ["SELF", "Self"],
    ["TLS STATUS", "TLSStatus"],
  ],
};

/** `shoal node …` */
export function nodeCommands(program: Command, api: () => Api): void {
  const node = program.command("node").description("Manage the swarm's nodes");

  listOptions(node.command("ls").alias("list").description("List nodes")).action((options: ListOptions) =>
    list(api(), options),
  );
  inspectCommand(node, "node", name => find(api(), name));
  updateCommands(node, api);

  taskListOptions(
    listOptions(node.command("ps").description("List tasks on nodes")).argument("[node...]", "", ["self"]),
  ).action(async (names: string[], options: TaskListOptions) => {
    const show = (found: readonly NodeView[]) => printTasks(api(), { node: found.map(({ ID }) => ID) }, options);
    await showFound(names, name => find(api(), name), show);
  });

  node
    .command("rm")
    .alias("remove")
    .description("Remove nodes from the swarm")
    .argument("<node...>")
    .option("-f, --force", "also when it is not down")
    .action((names: string[], { force }: { force?: boolean }) =>
      forEachName(names, name => api().delete(`/nodes/${encodeURIComponent(name)}${force ? "?force=1" : ""}`)),
    );
}

function updateCommands(node: Command, api: () => Api): void {
  node
    .command("update")
    .description("Change a node")
    .argument("<node>")
    .option("--availability <state>", "active, pause or drain")
    .option("--role <role>", "worker or manager")
    .option("--label-add <key=value>", "add or change a label; repeatable", collect)
    .option("--label-rm <key>", "remove a label; repeatable", collect)
    .action(async (name: string, options: UpdateOptions) => {
      await update(api(), name, options);
      print(name);
    });

  const role = (word: string, to: "manager" | "worker", told: string): void => {
    node
      .command(word)
      .description(`Make nodes ${to}s`)
      .argument("<node...>")
      .action(async (names: string[]) => {
        for (const name of names) {
          const isSo = (await find(api(), name)).Spec.Role === to;
          if (!isSo) await update(api(), name, { role: to });
          print(`Node ${name} ${isSo ? `is already a ${to}.` : told}`);
        }
      });
  };
  role("promote", "manager", "promoted to a manager in the swarm.");
  role("demote", "worker", "demoted in the swarm.");
}

async function update(api: Api, name: string, options: UpdateOptions): Promise<void> {
  const { ID, Version, Spec } = await find(api, name);
  const missing = options.labelRm?.find(key => !Object.hasOwn(Spec.Labels ?? {}, key));
  if (missing !== undefined) throw new CliError(`Cannot update node "${name}": it has no label "${missing}"`);
  const kept = Object.entries(Spec.Labels ?? {}).filter(([key]) => !options.labelRm?.includes(key));
  await api.post(`/nodes/${ID}/update?version=${Version.Index}`, {
    ...Spec,
    Availability: options.availability ?? Spec.Availability,
    Role: options.role ?? Spec.Role,
    Labels: { ...Object.fromEntries(kept), ...pairs(options.labelAdd) },
  });
}

async function list(api: Api, options: ListOptions): Promise<void> {
  const nodes = await api.get<NodeView[]>(`/nodes?${filters(parseFilters(options.filter))}`);
  const { Swarm } = await api.get<InfoView>("/info");
  const { TLSInfo } = await api.get<SwarmView>("/swarm");
  const isMarked = (id: string): boolean =>
    id === Swarm.NodeID && !options.quiet && (options.format ?? "table") === "table";
  const rows = nodes.map(
    (one): Row => ({
      ID: isMarked(one.ID) ? `${one.ID} *` : one.ID,
      Self: one.ID === Swarm.NodeID,
      Hostname: one.Description.Hostname,
      Status: capital(one.Status.State),
      Availability: capital(one.Spec.Availability),
      ManagerStatus: one.ManagerStatus?.Leader ? "Leader" : capital(one.ManagerStatus?.Reachability ?? ""),
      TLSStatus: one.Description.TLSInfo?.TrustRoot === TLSInfo?.TrustRoot ? "Ready" : "Needs Rotation",
      EngineVersion: one.Description.Engine.EngineVersion,
    }),
  );
  printList(listing, rows, nodes, options);
}

/** A node by name or id; "self" is the daemon's own. */
async function find(api: Api, name: string): Promise<NodeView> {
  const id = name === "self" ? (await api.get<InfoView>("/info")).Swarm.NodeID : name;
  return api.get<NodeView>(`/nodes/${encodeURIComponent(id)}`);
}
