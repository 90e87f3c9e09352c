import { ProjectError } from "./project-error.ts";

/** Where something is written. */
export interface Place {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Compose's tags: `!reset` takes away what files before said, `!override` replaces it. */
export type Mark = "reset" | "override";

interface Spot {
  readonly place: Place;
  readonly mark?: Mark | undefined;
}

export type Scalar = string | number | boolean | null;

/** A Compose file as it is read, merged and checked: values that know where they are written. */
export type Tree = Leaf | List | Dict;
export type Leaf = Spot & { readonly kind: "leaf"; readonly value: Scalar };
export type List = Spot & { readonly kind: "list"; readonly items: readonly Tree[] };
export type Dict = Spot & { readonly kind: "dict"; readonly entries: ReadonlyMap<string, Tree> };

/** Something in a Compose file that whoever wrote it should know about, although it stops nothing. */
export interface Notice {
  readonly place: Place;
  readonly text: string;
}

/** What is wrong with a Compose file, and where. */
export class ComposeError extends ProjectError {
  override readonly name = "ComposeError";
  readonly place: Place;
  /** What is wrong, without where. */
  readonly reason: string;

  constructor(place: Place, reason: string) {
    super(`${placeText(place)}: ${reason}`);
    this.place = place;
    this.reason = reason;
  }
}

export function placeText({ file, line }: Place): string {
  return `${file}:${line}`;
}

export const leaf = (value: Scalar, place: Place): Leaf => ({ kind: "leaf", value, place });
export const list = (items: readonly Tree[], place: Place): List => ({ kind: "list", items, place });
export const dict = (entries: Iterable<readonly [string, Tree]>, place: Place): Dict => ({
  kind: "dict",
  entries: new Map(entries),
  place,
});

/** The tree as plain data. */
export function plain(tree: Tree): unknown {
  switch (tree.kind) {
    case "leaf":
      return tree.value;
    case "list":
      return tree.items.map(plain);
    case "dict":
      return Object.fromEntries([...tree.entries].map(([key, value]) => [key, plain(value)]));
    default:
      return tree satisfies never;
  }
}

export function member(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.kind === "dict" ? tree.entries.get(key) : undefined;
}

/** The text of a leaf that is one. */
export function textOf(tree: Tree | undefined): string | undefined {
  return tree?.kind === "leaf" && typeof tree.value === "string" ? tree.value : undefined;
}

/** A dict with one entry set, or taken out for undefined. */
export function withEntry(tree: Dict, key: string, value: Tree | undefined): Dict {
  const entries = new Map(tree.entries);
  if (value) entries.set(key, value);
  else entries.delete(key);
  return { ...tree, entries };
}

/** A dict whose values were changed; those that `change` gives undefined for are left out. */
export function mapEntries(tree: Dict, change: (value: Tree, key: string) => Tree | undefined): Dict {
  const entries = new Map<string, Tree>();
  for (const [key, value] of tree.entries) {
    const changed = change(value, key);
    if (changed) entries.set(key, changed);
  }
  return { ...tree, entries };
}

/** What a JSON pointer (RFC 6901) leads to, or as near to it as there is something. */
export function nearest(tree: Tree, pointer: string): Tree {
  let here = tree;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    const next = here.kind === "list" ? here.items[Number(key)] : member(here, key);
    if (!next) break;
    here = next;
  }
  return here;
}

/** Compose names what is one or several: a leaf is a list of itself, null none. */
export function asList(tree: Tree): readonly Tree[] {
  if (tree.kind === "list") return tree.items;
  return tree.kind === "leaf" && tree.value === null ? [] : [tree];
}
