import { dirname, resolve } from "node:path";
import { parseEnvFile } from "./dotenv.ts";
import { type Source, withExtended } from "./extends.ts";
import type { Files } from "./files.ts";
import { interpolateTree } from "./interpolate-tree.ts";
import type { Lookup } from "./interpolation.ts";
import { merge } from "./merge.ts";
import { absolutePath, labelled, normalFile, normalService } from "./normal-form.ts";
import { ProjectError } from "./project-error.ts";
import {
  asList,
  ComposeError,
  type Dict,
  mapEntries,
  member,
  type Notice,
  plain,
  type Tree,
  textOf,
  withEntry,
} from "./tree.ts";
import { parseYaml } from "./yaml-tree.ts";

/** Files that include or extend each other, one within the other. */
const deepest = 20;
const sections = ["services", "networks", "volumes", "secrets", "configs"] as const;

/** What a Compose file is read with. */
export interface Reading {
  readonly files: Files;
  readonly lookup: Lookup;
  readonly notice: (notice: Notice) => void;
  /** Leaves `$` as it is written. */
  readonly verbatim?: boolean;
  /** What `~` stands for. */
  readonly home: string;
  /** The files that led here. */
  readonly chain: readonly string[];
}

/** One model out of several files, each over those before it. Paths in them are relative to `directory`. */
export function readModel(paths: readonly string[], directory: string, reading: Reading): Dict {
  const models = paths.map(path => withIncluded(readExtended(path, directory, reading), directory, reading));
  const model = models.reduce<Tree | undefined>((before, next) => (before ? merge(before, next) : next), undefined);
  if (model?.kind !== "dict") throw new ProjectError("There is no Compose file");
  return model;
}

/** One file in its normal form, with its services' `extends` resolved. */
function readExtended(path: string, directory: string, reading: Reading): Dict {
  return withExtended(sourceAt(path, directory, reading));
}

function sourceAt(path: string, directory: string, reading: Reading): Source {
  const open = (file: string): Source => {
    const target = absolutePath(file, { directory, home: reading.home });
    return sourceAt(target, dirname(target), reading);
  };
  return { path, tree: readNormal(path, directory, reading), open };
}

/** One file in its normal form. */
function readNormal(path: string, directory: string, { files, lookup, notice, verbatim, home }: Reading): Dict {
  const from = { directory, home };
  const text = files.read(path)?.toString();
  if (text === undefined) throw new ProjectError(`Cannot read "${path}": there is no such file`);
  const read = parseYaml(text, path === "-" ? "stdin" : path);
  const tree = verbatim ? read : interpolateTree(read, lookup, notice);
  if (tree.kind !== "dict") throw new ComposeError(tree.place, "a Compose file is a mapping");
  return mapEntries(tree, (value, key) => {
    if (value.kind !== "dict" || value.mark === "reset") return value;
    if (key === "services")
      return { ...mapEntries(value, service => ({ ...normalService(service, from), mark: service.mark })) };
    if (key === "secrets" || key === "configs")
      return mapEntries(value, one => ({ ...normalFile(one, from), mark: one.mark }));
    if (key === "networks" || key === "volumes")
      return mapEntries(value, one => ({ ...labelled(one), mark: one.mark }));
    return value;
  });
}

/** The model with what its `include` names, which it must not define otherwise. */
function withIncluded(model: Dict, directory: string, reading: Reading): Dict {
  const include = member(model, "include");
  if (!include) return model;
  let result = withEntry(model, "include", undefined);
  for (const entry of asList(include)) {
    const included = readIncluded(entry, directory, reading);
    for (const section of sections) result = imported(result, included, section);
  }
  return result;
}

function readIncluded(entry: Tree, directory: string, reading: Reading): Dict {
  const from = { directory, home: reading.home };
  const paths = textsOf(entry.kind === "leaf" ? entry : member(entry, "path")).map(path => absolutePath(path, from));
  const [first] = paths;
  if (first === undefined) throw new ComposeError(entry.place, "an include must have a path");
  if (reading.chain.includes(first)) throw new ComposeError(entry.place, `${first} includes itself`);
  if (reading.chain.length >= deepest)
    throw new ComposeError(entry.place, `more than ${deepest} files include each other`);
  const own = textOf(member(entry, "project_directory"));
  const project = own === undefined ? dirname(first) : absolutePath(own, from);
  const given = member(entry, "env_file");
  const envFiles = given ? textsOf(given).map(path => absolutePath(path, from)) : [resolve(project, ".env")];
  const lookup = withEnvFiles(envFiles, reading, given !== undefined);
  return readModel(paths, project, { ...reading, lookup, chain: [...reading.chain, first] });
}

/** Variables of env files, over which those that there are already go. */
export function withEnvFiles(paths: readonly string[], { files, lookup }: Reading, required: boolean): Lookup {
  const values = new Map<string, string>();
  for (const path of paths) {
    const text = files.read(path)?.toString();
    if (text === undefined && required) throw new ProjectError(`Cannot read "${path}": there is no such file`);
    const known: Lookup = name => lookup(name) ?? values.get(name);
    for (const [name, value] of parseEnvFile(text ?? "", path, known)) if (value !== null) values.set(name, value);
  }
  return name => lookup(name) ?? values.get(name);
}

function imported(model: Dict, included: Dict, section: string): Dict {
  const theirs = member(included, section);
  if (theirs?.kind !== "dict") return model;
  const ours = member(model, section);
  const entries = new Map(ours?.kind === "dict" ? ours.entries : []);
  for (const [name, tree] of theirs.entries) {
    const own = entries.get(name);
    if (own && JSON.stringify(plain(own)) !== JSON.stringify(plain(tree)))
      throw new ComposeError(
        own.place,
        `${section}.${name} is defined otherwise in ${tree.place.file}, which is included`,
      );
    entries.set(name, tree);
  }
  return withEntry(model, section, { ...theirs, entries });
}

function textsOf(tree: Tree | undefined): string[] {
  return tree ? asList(tree).flatMap(item => textOf(item) ?? []) : [];
}
