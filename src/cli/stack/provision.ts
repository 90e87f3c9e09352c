import { isPredefined } from "../../compose/stack/attachments.ts";
import type { IdOf } from "../../compose/stack/file-references.ts";
import type { Namespace } from "../../compose/stack/namespace.ts";
import type { FileRequest, Needed } from "../../compose/stack/objects.ts";
import { type Api, filters } from "../api.ts";
import { CliError, trying } from "../failure.ts";
import { print, warn } from "../output.ts";

interface NetworkView {
  readonly Name: string;
  readonly Id: string;
  readonly Scope: string;
}

interface FileView {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: { readonly Name: string };
}

/** Makes the networks that are not there yet, and looks that the external ones are. Gives their ids by name. */
export async function provideNetworks(
  api: Api,
  needed: readonly Needed<object>[],
  namespace: Namespace,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for (const { Name, Id } of await api.get<NetworkView[]>(`/networks?${filters(namespace.filter)}`)) ids.set(Name, Id);
  for (const { name, request } of needed) {
    if (ids.has(name)) continue;
    if (!request) {
      const found = await existingNetwork(api, name);
      if (found) ids.set(name, found.Id);
      continue;
    }
    print(`Creating network ${name}`);
    const { Id } = await trying(`create network ${name}`, api.post<{ Id: string }>("/networks/create", request));
    ids.set(name, Id);
  }
  return ids;
}

/** Networks that every node has exist a second time in the swarm; those that do not are for the daemon to complain about. */
async function existingNetwork(api: Api, name: string): Promise<NetworkView | undefined> {
  if (isPredefined(name)) return api.find<NetworkView>(`/networks/${name}?scope=swarm`);
  const found = await api.find<NetworkView>(`/networks/${encodeURIComponent(name)}`);
  const hint = `\`shoal network create -d overlay ${name}\``;
  if (!found) throw new CliError(`network "${name}" is external, and there is none: create it with ${hint}`);
  if (found.Scope !== "swarm")
    throw new CliError(
      `network "${name}" is external, and this node's own: a stack needs one of the swarm, see ${hint}`,
    );
  return found;
}

/** Makes the secrets and configs that are not there yet, and looks that the external ones are. Gives all their ids. */
export async function provideFiles(
  api: Api,
  needed: { readonly secrets: readonly Needed<FileRequest>[]; readonly configs: readonly Needed<FileRequest>[] },
): Promise<IdOf> {
  const ids = new Map<string, string>();
  for (const kind of ["secrets", "configs"] as const) {
    for (const { name, request } of needed[kind])
      ids.set(`${kind} ${name}`, await provideFile(api, kind, name, request));
  }
  return (kind, name) => {
    const id = ids.get(`${kind} ${name}`);
    if (id === undefined) throw new CliError(`${kind} ${name} is used and not defined`);
    return id;
  };
}

async function provideFile(
  api: Api,
  kind: "secrets" | "configs",
  name: string,
  request: FileRequest | undefined,
): Promise<string> {
  const word = kind.slice(0, -1);
  const found = (await api.get<FileView[]>(`/${kind}?${filters({ name: [name] })}`)).find(
    one => one.Spec.Name === name,
  );
  if (!request) {
    if (found) return found.ID;
    throw new CliError(
      `${word} "${name}" is external, and there is none: create it with \`shoal ${word} create ${name} FILE\``,
    );
  }
  if (!found) {
    print(`Creating ${word} ${name}`);
    return (await trying(`create ${word} ${name}`, api.post<{ ID: string }>(`/${kind}/create`, request))).ID;
  }
  await updateFile(api, kind, found, request);
  return found.ID;
}

/**
 * Only labels can change. What a secret holds is not to be read: the daemon compares it, and writes nothing without a
 * difference.
 */
async function updateFile(api: Api, kind: "secrets" | "configs", found: FileView, request: FileRequest): Promise<void> {
  const { ID, Version, Spec } = found;
  const word = kind.slice(0, -1);
  try {
    await trying(`update ${word} ${Spec.Name}`, api.post(`/${kind}/${ID}/update?version=${Version.Index}`, request));
  } catch (error) {
    if (error instanceof CliError && error.message.endsWith("only updates to Labels are allowed"))
      warn(
        `The content of ${word} ${Spec.Name} has changed. Give it another name (\`name: ${Spec.Name}_2\` in the file): then services move over to it one after the other`,
      );
    throw error;
  }
}
