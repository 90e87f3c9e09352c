import { type Command, Option } from "commander";
import { type Api, filters } from "./api.ts";
import { converge } from "./converge.ts";
import { CliError, forEachName } from "./failure.ts";
import { printLogs } from "./logs.ts";
import { print, printJson, shortId, table } from "./output.ts";
import { type CreateOptions, changedSpec, newSpec, type UpdateOptions } from "./service-spec.ts";
import { taskTable } from "./task-table.ts";
import type { PortView, ServiceView, TaskView } from "./types.ts";
import { collect, count, duration } from "./values.ts";

interface Detach {
  readonly detach?: boolean;
}

/** `shoal service …` */
export function serviceCommands(program: Command, api: () => Api): void {
  const service = program.command("service").description("Manage services");
  createCommand(service, api);
  updateCommands(service, api);

  service
    .command("ls")
    .alias("list")
    .option("-q, --quiet", "only ids")
    .action(async ({ quiet }: { quiet?: boolean }) => {
      const services = await api().get<ServiceView[]>("/services?status=true");
      if (quiet) return print(services.map(one => one.ID).join("\n"));
      const rows = services.map(({ ID, Spec, ServiceStatus, Endpoint }) => [
        shortId(ID),
        Spec.Name,
        Spec.Mode?.Global ? "global" : "replicated",
        `${ServiceStatus?.RunningTasks ?? 0}/${ServiceStatus?.DesiredTasks ?? 0}`,
        Spec.TaskTemplate.ContainerSpec.Image,
        (Endpoint?.Ports ?? []).map(portText).join(", "),
      ]);
      print(table(["ID", "NAME", "MODE", "REPLICAS", "IMAGE", "PORTS"], rows));
    });

  service
    .command("ps")
    .argument("<service...>")
    .option("--no-trunc", "whole ids and reasons")
    .action(async (names: string[], { trunc }: { trunc: boolean }) => {
      const found = await Promise.all(names.map(name => find(api(), name)));
      const tasks = await api().get<TaskView[]>(`/tasks?${filters({ service: found.map(one => one.ID) })}`);
      print(await taskTable(api(), tasks, trunc));
    });

  service
    .command("inspect")
    .argument("<service...>")
    .action(async (names: string[]) => printJson(await Promise.all(names.map(name => find(api(), name)))));

  service
    .command("rm")
    .alias("remove")
    .argument("<service...>")
    .action((names: string[]) => forEachName(names, name => api().delete(`/services/${encodeURIComponent(name)}`)));

  service
    .command("logs")
    .argument("<service>")
    .option("-f, --follow", "go on as lines come")
    .option("-n, --tail <lines>", "only the last lines of each task", "all")
    .option("-t, --timestamps", "with times")
    .action(async (name: string, options: { follow?: boolean; tail: string; timestamps?: boolean }) => {
      const query = new URLSearchParams({ stdout: "1", stderr: "1", details: "1", tail: options.tail });
      if (options.follow) query.set("follow", "1");
      if (options.timestamps) query.set("timestamps", "1");
      const { ID } = await find(api(), name);
      await printLogs(api(), `/services/${ID}/logs?${query}`);
    });
}

function createCommand(service: Command, api: () => Api): void {
  service
    .command("create")
    .description("Create a service")
    .argument("<image>")
    .argument("[args...]", "passed to the image's program")
    .passThroughOptions()
    .option("--name <name>")
    .addOption(new Option("--mode <mode>").choices(["replicated", "global"]).default("replicated"))
    .option("--replicas <n>", "how many tasks", count)
    .option("-e, --env <key=value>", "repeatable", collect)
    .option("-l, --label <key=value>", "repeatable", collect)
    .option("--constraint <expression>", "like node.labels.zone==a; repeatable", collect)
    .option("-p, --publish <port>", "[PUBLISHED:]TARGET[/PROTOCOL]; repeatable", collect)
    .option("--network <name>", "repeatable", collect)
    .addOption(new Option("--restart-condition <when>").choices(["none", "on-failure", "any"]))
    .option("--restart-delay <duration>", "", duration)
    .option("--restart-max-attempts <n>", "", count)
    .option("--reserve-memory <size>")
    .option("--reserve-cpu <cpus>")
    .option("--update-parallelism <n>", "", count)
    .option("--update-delay <duration>", "", duration)
    .addOption(new Option("--update-order <order>").choices(["start-first", "stop-first"]))
    .option("-d, --detach", "do not wait until the tasks run")
    .action(async (image: string, args: string[], options: CreateOptions & Detach) => {
      const { ID } = await api().post<{ ID: string }>("/services/create", newSpec(image, args, options));
      print(ID);
      if (!options.detach) await converge(api(), ID);
    });
}

function updateCommands(service: Command, api: () => Api): void {
  service
    .command("update")
    .description("Change a service")
    .argument("<service>")
    .option("--image <image>")
    .option("--replicas <n>", "", count)
    .option("--args <text>", "the program's arguments, separated by spaces")
    .option("--env-add <key=value>", "repeatable", collect)
    .option("--env-rm <key>", "repeatable", collect)
    .option("--label-add <key=value>", "repeatable", collect)
    .option("--label-rm <key>", "repeatable", collect)
    .option("--force", "replace the tasks though nothing changed")
    .option("-d, --detach", "do not wait until it is done")
    .action(async (name: string, options: UpdateOptions & Detach) => {
      const { ID, Version, Spec } = await find(api(), name);
      await api().post(`/services/${ID}/update?version=${Version.Index}`, changedSpec(Spec, options));
      print(name);
      if (!options.detach) await converge(api(), ID);
    });

  service
    .command("scale")
    .description("Change how many tasks services have")
    .argument("<service=replicas...>")
    .option("-d, --detach", "do not wait until it is done")
    .action(async (wishes: string[], { detach }: Detach) => {
      const ids: string[] = [];
      for (const { name, replicas } of wishes.map(parseWish)) {
        const { ID, Version, Spec } = await find(api(), name);
        const changed = changedSpec(Spec, { replicas });
        await api().post(`/services/${ID}/update?version=${Version.Index}`, changed);
        print(`${name} scaled to ${replicas}`);
        ids.push(ID);
      }
      if (!detach) for (const id of ids) await converge(api(), id);
    });

  service
    .command("rollback")
    .description("Go back to the spec before the last update")
    .argument("<service>")
    .option("-d, --detach", "do not wait until it is done")
    .action(async (name: string, { detach }: Detach) => {
      const { ID, Version, Spec } = await find(api(), name);
      await api().post(`/services/${ID}/update?version=${Version.Index}&rollback=previous`, Spec);
      print(name);
      if (!detach) await converge(api(), ID);
    });
}

function parseWish(wish: string): { name: string; replicas: number } {
  const [, name, replicas] = /^(.+)=(\d+)$/.exec(wish) ?? [];
  if (name === undefined || replicas === undefined)
    throw new CliError(`Cannot scale "${wish}": it must be SERVICE=REPLICAS`);
  return { name, replicas: Number(replicas) };
}

function find(api: Api, name: string): Promise<ServiceView> {
  return api.get<ServiceView>(`/services/${encodeURIComponent(name)}`);
}

const portText = ({ PublishedPort, TargetPort, Protocol }: PortView): string =>
  `*:${PublishedPort}->${TargetPort}/${Protocol}`;
