import { type Command, Option } from "commander";
import { isStackName, Namespace, namespaceLabel } from "../../compose/stack/namespace.ts";
import { type Api, filters } from "../api.ts";
import { diskFiles } from "../disk-files.ts";
import { CliError, report } from "../failure.ts";
import { type Listing, type ListOptions, listOptions, parseFilters, printList, type Row } from "../list/listing.ts";
import { print, printJson, warn } from "../output.ts";
import { printServices } from "../service/list.ts";
import { printTasks, type TaskListOptions } from "../task-table.ts";
import type { ServiceView } from "../types.ts";
import { collect, duration, taskListOptions } from "../values.ts";
import { type DeployOptions, deploy } from "./deploy.ts";
import { projectDocument, projectYaml } from "./project-yaml.ts";
import { removeStack } from "./remove.ts";
import { namespaceFor, projectFrom, type SourceOptions } from "./source.ts";

/** How long `stack deploy` waits by default, in nanoseconds. */
const defaultTimeoutNs = 600e9;

const listing: Listing = {
  columns: [
    ["NAME", "Name"],
    ["SERVICES", "Services"],
  ],
  id: "Name",
};

/** `shoal stack …` */
export function stackCommands(program: Command, api: () => Api): void {
  const stack = program.command("stack").description("Manage stacks: the services of a Compose file");
  deployCommand(stack, api);
  configCommand(stack);

  listOptions(stack.command("ls").alias("list").description("List stacks"), false).action((options: ListOptions) =>
    list(api(), options),
  );

  taskListOptions(listOptions(stack.command("ps").description("List the tasks of a stack").argument("<stack>"))).action(
    async (name: string, options: TaskListOptions) => {
      await mustExist(api(), name);
      const { label = [], ...rest } = parseFilters(options.filter);
      await printTasks(api(), { ...rest, label: [...label, ...namespace(name).filter.label] }, options);
    },
  );

  listOptions(stack.command("services").description("List the services of a stack").argument("<stack>")).action(
    async (name: string, options: ListOptions) => {
      await mustExist(api(), name);
      const { label = [], ...rest } = parseFilters(options.filter);
      await printServices(api(), { ...rest, label: [...label, ...namespace(name).filter.label] }, options);
    },
  );

  stack
    .command("rm")
    .aliases(["remove", "down"])
    .description("Remove stacks: services, networks, secrets and configs")
    .argument("<stack...>")
    .option("-d, --detach", "do not wait until the tasks have ended")
    .action(async (names: string[], { detach = false }: { detach?: boolean }) => {
      for (const name of names) await removeStack(api(), namespace(name), detach).catch(report);
    });
}

const sourceOptions = (command: Command): Command =>
  command
    .option("-c, --compose-file <file>", '"-" for the standard input; repeatable, each over those before', collect)
    .option("-f, --file <file>", "the same", collect)
    .option("--env-file <file>", "variables, instead of .env beside the Compose file; repeatable", collect)
    .option("--profile <name>", 'services with this profile too, "*" for all; repeatable', collect);

interface DeployFlags extends SourceOptions, Omit<DeployOptions, "timeoutMs" | "files"> {
  readonly file?: readonly string[];
  readonly timeout: number;
}

function deployCommand(stack: Command, api: () => Api): void {
  sourceOptions(
    stack
      .command("deploy")
      .alias("up")
      .description("Deploy a stack, or bring one to what its Compose file says")
      .argument("[stack]", "its name (default: as the file says, else the directory's)"),
  )
    .option("-d, --detach", "do not wait until it is up", false)
    .option("--prune", "remove services that are not in the file any more", false)
    .option("-q, --quiet", "do not show how it gets on", false)
    .addOption(
      new Option("--resolve-image <when>", "ask the registry which image a tag is now")
        .choices(["always", "changed", "never"])
        .default("always"),
    )
    .option("--timeout <duration>", "how long to wait; 0 for ever", duration, defaultTimeoutNs)
    .option("--with-registry-auth", "send what `docker login` stored along, for the nodes to pull with", false)
    .action(async (name: string | undefined, flags: DeployFlags) => {
      const project = projectFrom(withFiles(flags), name);
      const options = { ...flags, timeoutMs: flags.timeout / 1e6, files: diskFiles };
      await deploy(api(), project, namespaceFor(name, project), options);
    });
}

interface ConfigFlags extends SourceOptions {
  readonly file?: readonly string[];
  readonly format: "yaml" | "json";
  readonly services?: boolean;
}

function configCommand(stack: Command): void {
  sourceOptions(
    stack.command("config").description("Show the Compose file as it is understood: merged, filled in, in long forms"),
  )
    .option("--skip-interpolation", "leave variables as they are written")
    .addOption(new Option("--format <format>", "of the output").choices(["yaml", "json"]).default("yaml"))
    .option("--services", "only the names of the services")
    .action((flags: ConfigFlags) => {
      const project = projectFrom(withFiles(flags), undefined);
      const dollars = flags.skipInterpolation ? "as they are" : "doubled";
      if (flags.services) print(Object.keys(project.services).join("\n"));
      else if (flags.format === "json") printJson(projectDocument(project, dollars));
      else print(projectYaml(project, dollars).trimEnd());
    });
}

/** `-c` is docker stack's, `-f` docker compose's. */
function withFiles<T extends SourceOptions & { readonly file?: readonly string[] }>(flags: T): T {
  if (!flags.file) return flags;
  return { ...flags, composeFile: [...(flags.composeFile ?? []), ...flags.file] };
}

async function list(api: Api, options: ListOptions): Promise<void> {
  const services = await api.get<ServiceView[]>(`/services?${filters({ label: [namespaceLabel] })}`);
  const counts = new Map<string, number>();
  for (const { Spec } of services) {
    const name = Spec.Labels?.[namespaceLabel] ?? "";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const names = [...counts.keys()].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  const rows = names.map((Name): Row => ({ Name, Services: String(counts.get(Name)), Orchestrator: "Swarm" }));
  printList(listing, rows, rows, options);
}

/** Docker tells of a stack that is not there, and makes it an error for lists of tasks. */
async function mustExist(api: Api, name: string): Promise<void> {
  const services = await api.get<ServiceView[]>(`/services?${filters(namespace(name).filter)}`);
  if (services.length > 0) return;
  warn("See `shoal stack ls` for those that there are.");
  throw new CliError(`nothing found in stack: ${name}`);
}

function namespace(name: string): Namespace {
  if (!isStackName(name)) throw new CliError(`invalid stack name: "${name}"`);
  return new Namespace(name);
}
