import { dirname, resolve } from "node:path";
import { dependencyCycle } from "./dependency-cycle.ts";
import { environmentOf, labelsOf } from "./environment.ts";
import type { Files } from "./files.ts";
import type { Lookup } from "./interpolation.ts";
import { withoutMarks } from "./merge.ts";
import { type Reading, readModel, withEnvFiles } from "./model.ts";
import { enabledServices } from "./profiles.ts";
import { ProjectError } from "./project-error.ts";
import { type FileObject, type NamedVolume, type Network, projectSchema } from "./project-schema.ts";
import { checkReferences } from "./references.ts";
import type { Service } from "./service-schema.ts";
import { shaped } from "./shape.ts";
import { withoutUnsupported } from "./support.ts";
import { ComposeError, type Dict, member, type Notice, type Place, withEntry } from "./tree.ts";

/** What a Compose project says, whole and checked: env files are read, profiles chosen. */
export interface Project {
  readonly name: string | undefined;
  readonly services: Readonly<Record<string, Service>>;
  /** Names of the services that the files have, too, and the chosen profiles leave out. */
  readonly leftOut: readonly string[];
  readonly networks: Readonly<Record<string, Network>>;
  readonly volumes: Readonly<Record<string, NamedVolume>>;
  readonly secrets: Readonly<Record<string, FileObject>>;
  readonly configs: Readonly<Record<string, FileObject>>;
  /** The variables that the files were read with. */
  readonly lookup: Lookup;
}

export interface ProjectSource {
  /** Paths, or "-" for the standard input; each over those before it. */
  readonly paths: readonly string[];
  /** Instead of the `.env` beside the first file. */
  readonly envFiles?: readonly string[] | undefined;
  /** Besides those that COMPOSE_PROFILES names; "*" for all. */
  readonly profiles?: readonly string[] | undefined;
  /** What the paths are relative to. */
  readonly directory: string;
  /** What `~` in paths stands for. */
  readonly home: string;
  readonly files: Files;
  readonly environment: Lookup;
  /** Told of what is left out and what is not set. */
  readonly notice: (notice: Notice) => void;
  /** Leaves `$` as it is written. */
  readonly verbatim?: boolean;
}

/** Reads a project. Throws a ComposeError or ProjectError that says what is wrong and where. */
export function readProject(source: ProjectSource): Project {
  const [first = "-"] = source.paths;
  const directory = first === "-" ? source.directory : dirname(resolve(source.directory, first));
  const { files, notice, home, verbatim = false } = source;
  const base: Reading = { files, notice, home, verbatim, lookup: source.environment, chain: [] };
  const envFiles = source.envFiles?.map(path => resolve(source.directory, path));
  const lookup = withEnvFiles(envFiles ?? [resolve(directory, ".env")], base, envFiles !== undefined);
  const paths = source.paths.map(path => (path === "-" ? path : resolve(source.directory, path)));
  const model = withoutMarks(readModel(paths, directory, { ...base, lookup, chain: paths }));
  if (model?.kind !== "dict") throw new ProjectError("The Compose files say nothing");
  // What old files begin with, and what has no meaning any more.
  return checkedProject(withEntry(model, "version", undefined), source, lookup);
}

function checkedProject(model: Dict, source: ProjectSource, lookup: Lookup): Project {
  const file = shaped(projectSchema, withoutUnsupported(model, source.notice));
  checkReferences(model);
  const profiles = new Set([...(source.profiles ?? []), ...(lookup("COMPOSE_PROFILES")?.split(",") ?? [])]);
  const enabled = enabledServices(file.services ?? {}, profiles);
  const services = Object.entries(enabled);
  if (services.length === 0) throw new ComposeError(model.place, "there are no services");
  const placeOf = (name: string): Place => member(member(model, "services"), name)?.place ?? model.place;
  for (const [name, { image }] of services)
    if (!image) throw new ComposeError(placeOf(name), `services.${name} must have an image: a swarm does not build`);
  const [first = "", ...others] = dependencyCycle(enabled) ?? [];
  if (others.length > 0)
    throw new ComposeError(placeOf(first), `services depend on each other: ${[first, ...others].join(" → ")}`);
  return {
    name: file.name,
    services: Object.fromEntries(services.map(([name, one]) => [name, resolved(one, source.files, lookup)])),
    leftOut: Object.keys(file.services ?? {}).filter(name => !Object.hasOwn(enabled, name)),
    networks: withoutNulls(file.networks),
    volumes: withoutNulls(file.volumes),
    secrets: file.secrets ?? {},
    configs: file.configs ?? {},
    lookup,
  };
}

/** The service with what its env and label files say in place of their names. */
function resolved(service: Service, files: Files, lookup: Lookup): Service {
  const { env_file: _, label_file: __, profiles: ___, ...rest } = service;
  const environment = environmentOf(service, files, lookup);
  const labels = labelsOf(service, files, lookup);
  return {
    ...rest,
    ...(Object.keys(environment).length > 0 ? { environment } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
  };
}

/** `front:` alone defines a network with nothing said about it. */
function withoutNulls<T>(map: Readonly<Record<string, T | null>> | undefined): Record<string, T> {
  return Object.fromEntries(Object.entries(map ?? {}).map(([name, one]) => [name, one ?? ({} as T)]));
}
