import { isAbsolute, resolve } from "node:path";
import { ShellWordsError, shellWords } from "../lib/shell-words.ts";
import { parsePort } from "./port.ts";
import {
  asList,
  ComposeError,
  type Dict,
  dict,
  leaf,
  list,
  mapEntries,
  member,
  type Scalar,
  type Tree,
  textOf,
  withEntry,
} from "./tree.ts";
import { parseVolume } from "./volume.ts";

/** Where paths in a Compose file lead from. */
export interface Paths {
  /** What relative ones are relative to. */
  readonly directory: string;
  /** What `~` stands for. */
  readonly home: string;
}

/** Makes one member of a service normal. `from` is where its paths lead from. */
type Normalizer = (tree: Tree, from: Paths) => Tree;

/**
 * A service with its short forms written long, and its paths absolute: only then can what several files say be merged by one rule for each
 * member. What has neither form is left for the schema to complain about.
 */
export function normalService(tree: Tree, from: Paths): Tree {
  if (tree.kind !== "dict") return tree;
  return mapEntries(tree, (value, key) => {
    const normalizer = normalizers[key];
    return normalizer && value.mark !== "reset" ? { ...normalizer(value, from), mark: value.mark } : value;
  });
}

/** The paths of a top-level secret or config. */
export function normalFile(tree: Tree, from: Paths): Tree {
  return changed(labelled(tree), "file", file => absolute(file, from));
}

/** A network, volume, secret or config, with its labels as a map and the `external: {name: X}` of old files as of today. */
export function labelled(tree: Tree): Tree {
  const normal = changed(tree, "labels", assignments);
  const external = member(normal, "external");
  if (normal.kind !== "dict" || external?.kind !== "dict") return normal;
  return withEntry(withEntry(normal, "name", member(external, "name")), "external", leaf(true, external.place));
}

const assignments = (tree: Tree): Tree => pairs(tree, "=");
const oneOrMore = (tree: Tree): Tree => list(asList(tree), tree.place);

const normalizers: Readonly<Record<string, Normalizer>> = {
  command: words,
  entrypoint: words,
  environment: assignments,
  labels: assignments,
  annotations: assignments,
  sysctls: assignments,
  dns: oneOrMore,
  dns_search: oneOrMore,
  dns_opt: oneOrMore,
  tmpfs: oneOrMore,
  extra_hosts: hosts,
  expose: (tree: Tree) => mapItems(tree, item => (item.kind === "leaf" ? leaf(String(item.value), item.place) : item)),
  env_file: (tree, from) => mapItems(oneOrMore(tree), item => envFile(item, from)),
  label_file: (tree, from) => mapItems(oneOrMore(tree), item => absolute(item, from)),
  depends_on: tree => named(tree, item => dict([["condition", leaf("service_started", item.place)]], item.place)),
  networks: tree => named(tree, item => leaf(null, item.place)),
  ports: tree => ({ ...list(asList(tree).flatMap(ports), tree.place) }),
  volumes: (tree, from) => mapItems(tree, item => volume(item, from)),
  secrets: tree => mapItems(tree, reference),
  configs: tree => mapItems(tree, reference),
  ulimits: tree => (tree.kind === "dict" ? mapEntries(tree, ulimit) : tree),
  healthcheck: tree => changed(tree, "test", healthTest),
  deploy: tree => changed(tree, "labels", assignments),
  extends: tree => (tree.kind === "leaf" ? dict([["service", tree]], tree.place) : tree),
};

function changed(tree: Tree, key: string, change: (value: Tree) => Tree): Tree {
  const value = member(tree, key);
  if (tree.kind !== "dict" || !value || value.mark === "reset") return tree;
  return withEntry(tree, key, { ...change(value), mark: value.mark });
}

function mapItems(tree: Tree, change: (item: Tree) => Tree): Tree {
  return tree.kind === "list" ? { ...tree, items: tree.items.map(change) } : tree;
}

/** A list of `K=V` as a map; a key alone has no value. */
function pairs(tree: Tree, separator: string): Tree {
  if (tree.kind !== "list") return tree;
  const entries = tree.items.map((item): [string, Tree] => {
    if (item.kind !== "leaf" || item.value === null) throw new ComposeError(item.place, "must be KEY=VALUE");
    const text = String(item.value);
    const at = text.indexOf(separator);
    if (at < 0) return [text, leaf(null, item.place)];
    return [text.slice(0, at), leaf(text.slice(at + separator.length), item.place)];
  });
  return dict(entries, tree.place);
}

/** A list of names as a map of them. */
function named(tree: Tree, value: (item: Tree) => Tree): Tree {
  if (tree.kind !== "list") return tree;
  return dict(
    tree.items.map((item): [string, Tree] => {
      if (item.kind !== "leaf" || item.value === null) throw new ComposeError(item.place, "must be a name");
      return [String(item.value), value(item)];
    }),
    tree.place,
  );
}

function words(tree: Tree): Tree {
  const text = textOf(tree);
  if (text === undefined) return tree;
  try {
    return list(
      shellWords(text).map(word => leaf(word, tree.place)),
      tree.place,
    );
  } catch (error) {
    if (error instanceof ShellWordsError) throw new ComposeError(tree.place, error.message);
    throw error;
  }
}

/** `HOST:IP`, `HOST=IP` or a map, as a list of `HOST:IP`. */
function hosts(tree: Tree): Tree {
  if (tree.kind === "list") {
    return mapItems(tree, item => {
      const text = textOf(item);
      return text?.includes("=") ? leaf(text.replace("=", ":"), item.place) : item;
    });
  }
  if (tree.kind !== "dict") return tree;
  const items = [...tree.entries].flatMap(([host, addresses]) =>
    asList(addresses).map(address => leaf(`${host}:${address.kind === "leaf" ? address.value : ""}`, address.place)),
  );
  return list(items, tree.place);
}

function ports(tree: Tree): Tree[] {
  if (tree.kind !== "leaf" || tree.value === null) return [tree];
  const found = parsePort(String(tree.value));
  if (!found)
    throw new ComposeError(tree.place, `${JSON.stringify(tree.value)} is not [[IP:]PUBLISHED:]TARGET[/PROTOCOL]`);
  return found.map(port => fromPlain({ ...port }, tree));
}

function volume(tree: Tree, from: Paths): Tree {
  const text = textOf(tree);
  const form = text === undefined ? undefined : parseVolume(text);
  if (text !== undefined && !form)
    throw new ComposeError(tree.place, `${JSON.stringify(text)} is not [SOURCE:]TARGET[:MODE]`);
  const long = form ? fromPlain({ ...form }, tree) : tree;
  return textOf(member(long, "type")) === "bind" ? changed(long, "source", source => absolute(source, from)) : long;
}

function reference(tree: Tree): Tree {
  return tree.kind === "leaf" ? dict([["source", tree]], tree.place) : tree;
}

function ulimit(tree: Tree): Tree {
  if (tree.kind !== "leaf") return tree;
  return dict(
    [
      ["soft", tree],
      ["hard", tree],
    ],
    tree.place,
  );
}

function healthTest(tree: Tree): Tree {
  return textOf(tree) === undefined ? tree : list([leaf("CMD-SHELL", tree.place), tree], tree.place);
}

function envFile(tree: Tree, from: Paths): Tree {
  const long = tree.kind === "leaf" ? dict([["path", tree]], tree.place) : tree;
  return changed(long, "path", path => absolute(path, from));
}

function absolute(tree: Tree, from: Paths): Tree {
  const text = textOf(tree);
  return text === undefined ? tree : leaf(absolutePath(text, from), tree.place);
}

/** A path as Compose means it: `~` is the home directory, relative ones are relative to the project. */
export function absolutePath(path: string, { directory, home }: Paths): string {
  if (path === "~" || path.startsWith("~/")) return resolve(home, path.slice(2));
  return isAbsolute(path) ? path : resolve(directory, path);
}

type Plain = Scalar | undefined | { readonly [key: string]: Plain };

function fromPlain(value: { readonly [key: string]: Plain }, at: Tree): Dict {
  const entries = Object.entries(value).flatMap(([key, one]): [string, Tree][] => {
    if (one === undefined) return [];
    return [[key, typeof one === "object" && one !== null ? fromPlain(one, at) : leaf(one, at.place)]];
  });
  return dict(entries, at.place);
}
