import { type Command, Option } from "commander";
import { parseRawEnvFile } from "../../compose/dotenv.ts";
import type { ServiceSpec } from "../../compose/stack/spec.ts";
import { taggedImage } from "../../lib/image-name.ts";
import type { Api } from "../api.ts";
import { diskFiles } from "../disk-files.ts";
import { CliError } from "../failure.ts";
import { print, warn } from "../output.ts";
import { waitForServices } from "../progress/wait.ts";
import { registryAuth } from "../registry/credentials.ts";
import { pinned } from "../registry/pinned-image.ts";
import type { ServiceView } from "../types.ts";
import { count, words } from "../values.ts";
import { changedMode, type ModeFlags, newMode } from "./mode.ts";
import { networkIds, withReferenceIds } from "./references.ts";
import { applied, type Flags, specOptions } from "./spec.ts";

interface Waiting {
  readonly detach?: boolean;
  readonly quiet?: boolean;
}

interface Common extends Waiting, ModeFlags {
  readonly withRegistryAuth?: boolean;
  readonly resolveImage: boolean;
}

interface CreateOptions extends Common {
  readonly name?: string;
  readonly envFile?: readonly string[];
}

interface UpdateOptions extends Common {
  readonly image?: string;
  readonly args?: readonly string[];
  readonly force?: boolean;
  readonly rollback?: boolean;
  readonly networkRm?: readonly string[];
}

const waiting = (command: Command): Command =>
  command.option("-d, --detach", "do not wait until it is done").option("-q, --quiet", "do not show how it gets on");

const common = (command: Command): Command =>
  waiting(command)
    .option("--replicas <n>", "how many tasks", count)
    .option("--max-concurrent <n>", "tasks of a job at a time", count)
    .option("--with-registry-auth", "send what `docker login` stored along, for the nodes to pull with")
    .option("--no-resolve-image", "do not ask the registry for the image's digest");

/** `shoal service create`, `update`, `scale` and `rollback`. */
export function changeCommands(service: Command, api: () => Api, find: (name: string) => Promise<ServiceView>): void {
  const create = service
    .command("create")
    .description("Create a service")
    .argument("<image>")
    .argument("[args...]", "passed to the image's program")
    .passThroughOptions()
    .option("--name <name>", "of the service")
    .addOption(
      new Option("--mode <mode>", "what tasks there are (default: replicated)").choices([
        "replicated",
        "global",
        "replicated-job",
        "global-job",
      ]),
    );
  specOptions(common(create), "create").action((image: string, args: string[], options: CreateOptions & Flags) =>
    createService(api(), image, args, options),
  );

  const update = service
    .command("update")
    .description("Change a service")
    .argument("<service>")
    .option("--image <image>", "another image")
    .option("--args <text>", "the program's arguments, as a shell splits them", words)
    .option("--force", "replace the tasks though nothing changed")
    .option("--rollback", "go back to the spec before the last update");
  specOptions(common(update), "update").action(async (name: string, options: UpdateOptions & Flags) =>
    updateService(api(), name, await find(name), options),
  );

  waiting(
    service.command("rollback").description("Go back to the spec before the last update").argument("<service>"),
  ).action(async (name: string, options: Waiting) => rollBack(api(), name, await find(name), options));

  waiting(
    service.command("scale").description("Change how many tasks services have").argument("<service=replicas...>"),
  ).action(async (wishes: string[], options: Waiting) => {
    const parsed = wishes.map(parseWish);
    const ids: string[] = [];
    for (const { name, replicas } of parsed) {
      const { ID, Version, Spec } = await find(name);
      const Mode = changedMode(Spec.Mode ?? {}, { replicas });
      await api().post(`/services/${ID}/update?version=${Version.Index}`, { ...Spec, Mode });
      print(`${name} scaled to ${replicas}`);
      ids.push(ID);
    }
    await wait(api(), ids, options);
  });
}

async function createService(api: Api, image: string, args: readonly string[], options: CreateOptions & Flags) {
  const auth = options.withRegistryAuth ? await registryAuth(image) : undefined;
  const Env = (options.envFile ?? []).flatMap(envFile);
  const ContainerSpec = {
    Image: taggedImage(image),
    ...(args.length > 0 ? { Args: [...args] } : {}),
    ...(Env.length > 0 ? { Env } : {}),
  };
  const base: ServiceSpec = { Name: options.name ?? "", TaskTemplate: { ContainerSpec }, Mode: newMode(options) };
  const spec = await withReferenceIds(api, applied(base, options, "create"));
  const final = options.resolveImage ? await resolved(api, spec, auth) : spec;
  const { ID } = await api.post<{ ID: string }>("/services/create", final, authHeader(auth));
  print(ID);
  await wait(api, [ID], options);
}

async function updateService(api: Api, name: string, service: ServiceView, options: UpdateOptions & Flags) {
  if (options.rollback) return rollBack(api, name, service, options);
  const { ID, Version, Spec } = service;
  const { ContainerSpec, ForceUpdate = 0 } = Spec.TaskTemplate;
  const Image = options.image === undefined ? ContainerSpec.Image : taggedImage(options.image);
  const auth = options.withRegistryAuth ? await registryAuth(Image) : undefined;
  const base: ServiceSpec = {
    ...Spec,
    TaskTemplate: {
      ...Spec.TaskTemplate,
      ContainerSpec: { ...ContainerSpec, Image, ...(options.args ? { Args: [...options.args] } : {}) },
      ForceUpdate: ForceUpdate + (options.force ? 1 : 0),
    },
    Mode: changedMode(Spec.Mode ?? {}, options),
  };
  const networkRm = await networkIds(api, options.networkRm ?? []);
  const spec = await withReferenceIds(api, applied(base, { ...options, networkRm }, "update"));
  const final = options.image !== undefined && options.resolveImage ? await resolved(api, spec, auth) : spec;
  const from = auth === undefined ? "&registryAuthFrom=spec" : "";
  await api.post(`/services/${ID}/update?version=${Version.Index}${from}`, final, authHeader(auth));
  print(name);
  await wait(api, [ID], options);
}

async function rollBack(api: Api, name: string, { ID, Version, Spec }: ServiceView, options: Waiting): Promise<void> {
  await api.post(`/services/${ID}/update?version=${Version.Index}&rollback=previous`, Spec);
  print(name);
  await wait(api, [ID], options);
}

async function resolved(api: Api, spec: ServiceSpec, auth: string | undefined): Promise<ServiceSpec> {
  const { spec: found, warning } = await pinned(api, spec, auth);
  if (warning) warn(warning);
  return found;
}

async function wait(api: Api, ids: readonly string[], { detach, quiet }: Waiting): Promise<void> {
  if (!detach) await waitForServices(api, { services: { id: ids }, tasks: { service: ids }, quiet: quiet ?? false });
}

const authHeader = (auth: string | undefined): Record<string, string> =>
  auth === undefined ? {} : { "X-Registry-Auth": auth };

function envFile(path: string): string[] {
  const text = diskFiles.read(path)?.toString();
  if (text === undefined) throw new CliError(`Cannot read "${path}": there is no such file`);
  return [...parseRawEnvFile(text)].flatMap(([name, value]) => {
    const found = value ?? process.env[name];
    return found === undefined ? [] : [`${name}=${found}`];
  });
}

function parseWish(wish: string): { name: string; replicas: number } {
  const [, name, replicas] = /^(.+)=(\d+)$/.exec(wish) ?? [];
  if (name === undefined || replicas === undefined)
    throw new CliError(`Cannot scale "${wish}": it must be SERVICE=REPLICAS`);
  return { name, replicas: Number(replicas) };
}
