import type { Command } from "commander";
import type { Api } from "../api.ts";
import { forEachName, showFound } from "../failure.ts";
import { inspectCommand } from "../list/inspect.ts";
import { type ListOptions, listOptions, parseFilters } from "../list/listing.ts";
import { type LogOptions, logOptions, logQuery, printLogs } from "../logs.ts";
import { printTasks, type TaskListOptions } from "../task-table.ts";
import type { ServiceView, TaskView } from "../types.ts";
import { taskListOptions } from "../values.ts";
import { changeCommands } from "./change-commands.ts";
import { printServices } from "./list.ts";
import { printUsage } from "./usage.ts";

/** `shoal service …` */
export function serviceCommands(program: Command, api: () => Api): void {
  const service = program.command("service").description("Manage services");
  const find = (name: string): Promise<ServiceView> => api().get<ServiceView>(`/services/${encodeURIComponent(name)}`);
  changeCommands(service, api, find);

  listOptions(service.command("ls").alias("list").description("List services")).action((options: ListOptions) =>
    printServices(api(), parseFilters(options.filter), options),
  );

  taskListOptions(
    listOptions(service.command("ps").description("List the tasks of services").argument("<service...>")),
  ).action(async (names: string[], options: TaskListOptions) => {
    await showFound(names, find, found => printTasks(api(), { service: found.map(({ ID }) => ID) }, options));
  });

  listOptions(
    service
      .command("usage")
      .description("What a service's tasks use of processors and memory: now, and at most in the last hour")
      .argument("<service>"),
    false,
  ).action(async (name: string, options: ListOptions) => printUsage(api(), await find(name), options));

  // As docker shows services: with what counts where a spec says nothing.
  inspectCommand(service, "service", name => api().get(`/services/${encodeURIComponent(name)}?insertDefaults=true`));

  service
    .command("rm")
    .alias("remove")
    .description("Remove services")
    .argument("<service...>")
    .action((names: string[]) => forEachName(names, name => api().delete(`/services/${encodeURIComponent(name)}`)));

  logOptions(
    service.command("logs").description("Show the logs of a service or a task").argument("<service|task>"),
  ).action(async (name: string, options: LogOptions) => {
    const task = await api().find<TaskView>(`/tasks/${encodeURIComponent(name)}`);
    // What is neither is told of as a service: that is what people mean.
    const path = task ? `/tasks/${task.ID}` : `/services/${(await find(name)).ID}`;
    await printLogs(api(), `${path}/logs?${logQuery(options)}`, options);
  });
}
