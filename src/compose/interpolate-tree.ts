import { InterpolationError, interpolate, type Lookup } from "./interpolation.ts";
import { ComposeError, mapEntries, type Notice, type Tree } from "./tree.ts";

/** Fills in the variables in all texts of a tree, but not in its keys. Those that are not set are told of once each. */
export function interpolateTree(tree: Tree, lookup: Lookup, notice: (notice: Notice) => void): Tree {
  const told = new Set<string>();
  const fill = (here: Tree): Tree => {
    if (here.kind === "dict") return mapEntries(here, fill);
    if (here.kind === "list") return { ...here, items: here.items.map(fill) };
    if (typeof here.value !== "string") return here;
    const unset = (name: string): void => {
      if (told.has(name)) return;
      told.add(name);
      notice({ place: here.place, text: `the variable "${name}" is not set: it becomes empty` });
    };
    try {
      return { ...here, value: interpolate(here.value, { lookup, unset }) };
    } catch (error) {
      if (error instanceof InterpolationError) throw new ComposeError(here.place, error.message);
      throw error;
    }
  };
  return fill(tree);
}
