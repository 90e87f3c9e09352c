import { InvalidArgumentError } from "commander";
import { said, saidAny } from "../../compose/said.ts";
import { parseSize } from "../../lib/quantity.ts";
import { csv } from "./list-values.ts";

const aliases: Readonly<Record<string, string>> = {
  src: "source",
  dst: "target",
  destination: "target",
  ro: "readonly",
};
const known = new Set([
  "type",
  "source",
  "target",
  "readonly",
  "consistency",
  "bind-propagation",
  "bind-nonrecursive",
  "bind-recursive",
  "bind-create-src",
  "volume-nocopy",
  "volume-subpath",
  "volume-label",
  "volume-driver",
  "volume-opt",
  "tmpfs-size",
  "tmpfs-mode",
]);

/** `type=volume,source=…,target=…,…` as docker's `--mount` takes it. */
export function parseMount(text: string): object {
  const pairs = csv(text).map(([key, value]) => [aliases[key] ?? key, value] as const);
  const unknown = pairs.find(([key]) => !known.has(key));
  if (unknown) throw new InvalidArgumentError(`"${unknown[0]}" is not known`);
  const get = (key: string): string | undefined => pairs.findLast(([one]) => one === key)?.[1];
  const is = (key: string): true | undefined =>
    pairs.some(([one, value]) => one === key && (value === undefined || value === "true" || value === "1")) ||
    undefined;
  const maps = (key: string): Record<string, string> | undefined => {
    const found = pairs.flatMap(([one, value = ""]) => (one === key ? [splitPair(value)] : []));
    return found.length > 0 ? Object.fromEntries(found) : undefined;
  };
  const type = get("type") ?? "volume";
  const target = get("target");
  if (!target) throw new InvalidArgumentError("it must have a target");
  if (type === "bind" && !get("source")) throw new InvalidArgumentError("a bind must have a source");
  const driver = get("volume-driver");
  const options = maps("volume-opt");
  const recursive = get("bind-recursive");
  return said({
    Type: type,
    Source: get("source"),
    Target: target,
    ReadOnly: is("readonly"),
    Consistency: get("consistency"),
    BindOptions: saidAny({
      Propagation: get("bind-propagation"),
      NonRecursive: is("bind-nonrecursive") ?? (recursive === "disabled" || undefined),
      ReadOnlyNonRecursive: recursive === "writable" || undefined,
      ReadOnlyForceRecursive: recursive === "readonly" || undefined,
      CreateMountpoint: is("bind-create-src"),
    }),
    VolumeOptions: saidAny({
      NoCopy: is("volume-nocopy"),
      Subpath: get("volume-subpath"),
      Labels: maps("volume-label"),
      DriverConfig: driver || options ? said({ Name: driver, Options: options }) : undefined,
    }),
    TmpfsOptions: saidAny({ SizeBytes: sizeOf(get("tmpfs-size")), Mode: modeOf(get("tmpfs-mode")) }),
  });
}

function splitPair(text: string): [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function sizeOf(text: string | undefined): number | undefined {
  const bytes = text === undefined ? undefined : parseSize(text);
  if (text !== undefined && bytes === undefined) throw new InvalidArgumentError(`"${text}" is no size like 64m`);
  return bytes;
}

const modeOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number.parseInt(text, 8);
