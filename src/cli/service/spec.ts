import { type Command, InvalidArgumentError, Option } from "commander";
import type { ServiceSpec } from "../../compose/stack/spec.ts";
import { CliError } from "../failure.ts";
import { collect, pairs } from "../values.ts";
import { capability, capabilityFlags, type ListFlag, listFlags, mapFlags } from "./list-flags.ts";
import { atPath, type Json, withPath } from "./path.ts";
import { booleanFlags, type ScalarFlag, scalarFlags } from "./scalar-flags.ts";

/** The values of flags, under commander's names for them. */
export type Flags = Readonly<Record<string, unknown>>;

/** Adds what `create` and `update` say about a spec. Lists of `update` have a flag to add and one to take away. */
export function specOptions(command: Command, kind: "create" | "update"): Command {
  for (const flag of scalarFlags) command.addOption(optionFor(flag));
  for (const flag of booleanFlags) command.addOption(optionFor(flag));
  command.option("--no-healthcheck", "no check, whatever the image says");
  for (const { name } of capabilityFlags) command.option(`--${name} <capability>`, "a capability; repeatable", collect);
  for (const flag of [...listFlags, ...mapFlags]) listOptions(command, flag, kind);
  command.option("--log-opt <key=value>", "an option of the log driver; repeatable", collect);
  if (kind === "create") command.option("--env-file <file>", "lines of NAME=VALUE; repeatable", collect);
  return command;
}

function optionFor({ flags, description, parse, choices }: ScalarFlag): Option {
  const option = new Option(flags, description);
  if (choices) option.choices([...choices]);
  return parse ? option.argParser(parse) : option;
}

function listOptions(
  command: Command,
  flag: { readonly name: string; readonly short?: string; readonly argument?: string; readonly description: string },
  kind: "create" | "update",
): void {
  const argument = flag.argument ?? "<key=value>";
  const short = flag.short ? `${flag.short}, ` : "";
  const described = `${flag.description}; repeatable`;
  if (kind === "create") command.option(`${short}--${flag.name} ${argument}`, described, collect);
  else {
    command.option(`--${flag.name}-add ${argument}`, described, collect);
    command.option(`--${flag.name}-rm <name>`, `take it away: ${flag.description}; repeatable`, collect);
  }
}

/** The spec with what the flags say; what they do not mention stays. */
export function applied(spec: ServiceSpec, flags: Flags, kind: "create" | "update"): ServiceSpec {
  let next: Json = spec;
  for (const { flags: form, path } of [...scalarFlags, ...booleanFlags]) {
    const value = flags[nameOf(form)];
    if (value !== undefined) next = withPath(next, path, value);
  }
  if (flags.healthcheck === false) next = withPath(next, "TaskTemplate.ContainerSpec.Healthcheck", { Test: ["NONE"] });
  for (const { name, path, other } of capabilityFlags) {
    const added = texts(flags[nameOf(`--${name}`)]).map(capability);
    next = withList(next, path, [...listAt(next, path).filter(one => !added.includes(String(one))), ...added]);
    if (added.length > 0)
      next = withList(
        next,
        other,
        listAt(next, other).filter(one => !added.includes(String(one))),
      );
  }
  const suffix = kind === "create" ? "" : "-add";
  for (const flag of listFlags) {
    next = withItems(
      next,
      flag,
      texts(flags[nameOf(`--${flag.name}${suffix}`)]),
      texts(flags[nameOf(`--${flag.name}-rm`)]),
    );
  }
  for (const { name, path } of mapFlags) {
    next = withKeys(next, path, texts(flags[nameOf(`--${name}${suffix}`)]), texts(flags[nameOf(`--${name}-rm`)]));
  }
  if (flags.logOpt) next = withPath(next, "TaskTemplate.LogDriver.Options", pairs(texts(flags.logOpt)));
  return withParallelism(withPath(next, "Name", spec.Name)) as ServiceSpec;
}

/** One task at a time unless it is said otherwise: the API's nothing means all at once. */
function withParallelism(spec: Json): Json {
  return ["UpdateConfig", "RollbackConfig"].reduce((next, config) => {
    const isThere = atPath(next, config) !== undefined;
    return isThere && atPath(next, `${config}.Parallelism`) === undefined
      ? withPath(next, `${config}.Parallelism`, 1)
      : next;
  }, spec);
}

function withItems(spec: Json, flag: ListFlag, added: readonly string[], removed: readonly string[]): Json {
  if (added.length + removed.length === 0) return spec;
  const identity = flag.identity as (item: unknown) => string;
  const removes = (flag.removes ?? ((name, item) => identity(item) === name)) as (
    name: string,
    item: unknown,
  ) => boolean;
  const items = added.map(text => parsed(flag, text));
  const replaced = new Set(items.map(identity));
  const kept = listAt(spec, flag.path).filter(
    item => !removed.some(name => removes(name, item)) && !replaced.has(identity(item)),
  );
  return withList(spec, flag.path, [...kept, ...items]);
}

function parsed({ name, parse }: ListFlag, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof InvalidArgumentError)
      throw new CliError(`Cannot use "${text}" for --${name}: ${error.message}`);
    throw error;
  }
}

function withKeys(spec: Json, path: string, added: readonly string[], removed: readonly string[]): Json {
  if (added.length + removed.length === 0) return spec;
  const before = Object.entries((atPath(spec, path) as Record<string, string> | undefined) ?? {});
  const kept = Object.fromEntries(before.filter(([key]) => !removed.includes(key)));
  return withPath(spec, path, { ...kept, ...pairs(added) });
}

function withList(spec: Json, path: string, items: readonly unknown[]): Json {
  const there = atPath(spec, path) !== undefined;
  return items.length > 0 || there ? withPath(spec, path, items.length > 0 ? items : undefined) : spec;
}

function listAt(spec: Json, path: string): readonly unknown[] {
  const list = atPath(spec, path);
  return Array.isArray(list) ? list : [];
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value : []);

/** "-e, --env-add <x>" as commander calls its value: envAdd. */
function nameOf(form: string): string {
  const [, long = ""] = /--([a-z-]+)/.exec(form) ?? [];
  return long.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
