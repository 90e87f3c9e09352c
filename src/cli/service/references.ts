import type { ServiceSpec } from "../../compose/stack/spec.ts";
import { type Api, filters } from "../api.ts";
import { CliError } from "../failure.ts";
import { atPath, type Json, withPath } from "./path.ts";

const container = "TaskTemplate.ContainerSpec";

interface Named {
  readonly ID: string;
  readonly Spec: { readonly Name: string };
}

/** The spec with the ids of the secrets and configs that it names; those of networks are the daemon's to find. */
export async function withReferenceIds(api: Api, spec: ServiceSpec): Promise<ServiceSpec> {
  let next: Json = spec;
  for (const [path, kind, nameKey, idKey] of [
    [`${container}.Secrets`, "secrets", "SecretName", "SecretID"],
    [`${container}.Configs`, "configs", "ConfigName", "ConfigID"],
  ] as const) {
    const references = atPath(next, path);
    if (!Array.isArray(references)) continue;
    const wanted = references.filter((one: Record<string, unknown>) => one[idKey] === undefined);
    if (wanted.length === 0) continue;
    const ids = await idsOf(
      api,
      kind,
      wanted.map((one: Record<string, unknown>) => String(one[nameKey])),
    );
    const filledIn = references.map((one: Record<string, unknown>) => ({
      ...one,
      [idKey]: one[idKey] ?? ids.get(String(one[nameKey])),
    }));
    next = withPath(next, path, filledIn);
  }
  return (await withCredentialSpec(api, next)) as ServiceSpec;
}

/** Ids of networks, under which specs know them; what is no network stays as it is, for the daemon to complain about. */
export function networkIds(api: Api, names: readonly string[]): Promise<string[]> {
  return Promise.all(
    names.map(async name => {
      const found = await api.find<{ Id: string }>(`/networks/${encodeURIComponent(name)}?scope=swarm`);
      return found?.Id ?? name;
    }),
  );
}

/** `config://NAME` is a config of the swarm, which the service must refer to as well. */
async function withCredentialSpec(api: Api, spec: Json): Promise<Json> {
  const path = `${container}.Privileges.CredentialSpec.Config`;
  const name = atPath(spec, path);
  const configs = atPath(spec, `${container}.Configs`) ?? [];
  if (typeof name !== "string" || !Array.isArray(configs)) return spec;
  if (configs.some((one: { ConfigID?: string }) => one.ConfigID === name)) return spec;
  const ConfigID = (await idsOf(api, "configs", [name])).get(name);
  const references = [...configs, { Runtime: {}, ConfigID, ConfigName: name }];
  return withPath(withPath(spec, path, ConfigID), `${container}.Configs`, references);
}

async function idsOf(api: Api, kind: "secrets" | "configs", names: readonly string[]): Promise<Map<string, string>> {
  const found = await api.get<Named[]>(`/${kind}?${filters({ name: names })}`);
  const ids = new Map(found.map(({ ID, Spec }) => [Spec.Name, ID]));
  const word = kind.slice(0, -1);
  const missing = names.find(name => !ids.has(name));
  if (missing !== undefined)
    throw new CliError(`${word} not found: ${missing}; create it with \`shoal ${word} create ${missing} FILE\``);
  return ids;
}
