/** What is to be found at a place in an object's JSON, like `HostConfig.CapAdd`. */
export type Expectation = { readonly at: string } & (
  | { readonly is: unknown }
  /** A list of these, in any order: the CLI keeps some of them in a map, and sends another one each time. */
  | { readonly are: readonly string[] }
  /** An element of a list, with at least these members. */
  | { readonly has: unknown }
  /** A text of this form. */
  | { readonly like: RegExp }
);

/** One way to use a flag of `docker service create` or `update`, and where it is to show up. */
export interface FlagRow {
  /** As `--help` has it. */
  readonly flag: string;
  /** None for a switch. `FILE` stands for a file of environment variables, `REGISTRY` for one that wants a login. */
  readonly value?: string;
  /** In `docker service inspect`, below `Spec`. */
  readonly spec?: Expectation;
  /** In the engine's `docker inspect` of the task's container. */
  readonly container?: Expectation;
  /** The command's output. */
  readonly output?: RegExp;
  /** What the task's status says, where no node can do it. */
  readonly refused?: RegExp;
  /** Why it changes nothing. */
  readonly without?: string;
  /** What differs from Docker, depends on the engine, or is shown by another test. */
  readonly note?: string;
}

/** Flags that are tried together, on one service. */
export interface FlagGroup {
  readonly service: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly rows: readonly FlagRow[];
}

/** A key of compose v3's `deploy`, and where `docker stack deploy` puts it. */
export interface DeployRow {
  /** `update_config.order`; elements of lists have the list's name. */
  readonly key: string;
  readonly spec: Expectation;
}

export function argumentOf({ flag, value }: FlagRow): string {
  return value === undefined ? flag : `${flag}=${value}`;
}

/** What is at a place in an object's JSON; undefined when there is no such place. `[…]` holds a key with dots. */
export function valueAt(object: unknown, place: string): unknown {
  const keys = [...place.matchAll(/\[(.*?)\]|[^.[\]]+/g)].map(([key, inBrackets]) => inBrackets ?? key);
  return keys.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    object,
  );
}

/** The long flags that a command's `--help` lists, in its order. */
export function flagsOf(help: string): string[] {
  return [...help.matchAll(/^ {2,6}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag = ""]) => flag);
}
