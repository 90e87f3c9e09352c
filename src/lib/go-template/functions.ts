import { isList, isTrue, show, type Value } from "./value.ts";

/** A function of a template. Throws an Error with the reason, which the message about the template then names. */
export type TemplateFunction = (...args: readonly Value[]) => Value;

/** Functions of Go's text/template. `and` and `or` look at all their arguments, which have no side effects here. */
export const builtins: Readonly<Record<string, TemplateFunction>> = {
  and: (...args) => atLeast(1, args) && (args.find(value => !isTrue(value)) ?? args.at(-1)),
  or: (...args) => atLeast(1, args) && (args.find(isTrue) ?? args.at(-1)),
  not: (...args) => !isTrue(exactly(1, args)[0]),
  eq: (first, ...others) => atLeast(1, others) && others.some(other => equal(first, other)),
  ne: (...args) => !equal(exactly(2, args)[0], args[1]),
  index: (map, ...keys) => keys.reduce<Value>((value, key) => at(value, key), map),
  len: (...args) => length(exactly(1, args)[0]),
  print: (...args) => args.map(show).join(""),
  println: (...args) => `${args.map(show).join(" ")}\n`,
  printf: (format, ...args) => formatted(text(format, "printf"), args),
};

function at(value: Value, key: Value): Value {
  if (isList(value)) {
    if (typeof key !== "number") throw new Error("a list is indexed with a number");
    if (key < 0 || key >= value.length) throw new Error(`index out of range: ${key}`);
    return value[key];
  }
  if (!(value instanceof Map)) throw new Error("only maps and lists can be indexed");
  return (value as ReadonlyMap<string, Value>).get(text(key, "index")) ?? "";
}

function length(value: Value): number {
  if (typeof value === "string" || isList(value)) return value.length;
  if (value instanceof Map) return value.size;
  throw new Error("len of a value that has no length");
}

function equal(a: Value, b: Value): boolean {
  if (typeof a !== typeof b) throw new Error("incompatible types for comparison");
  if (typeof a === "object") throw new Error("non-comparable type");
  return a === b;
}

/** `%s`, `%v`, `%d`, `%t`, `%q` and `%%`, without widths. */
function formatted(format: string, args: readonly Value[]): string {
  let next = 0;
  const result = format.replace(/%(.?)/gs, (_, verb: string) => {
    if (verb === "%") return "%";
    if (!/^[svdtq]$/.test(verb)) throw new Error(`printf's "%${verb}" is not supported`);
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const value = args[next++];
    return verb === "q" ? JSON.stringify(show(value)) : show(value);
  });
  if (next < args.length) throw new Error(`printf has ${args.length - next} more arguments than verbs`);
  return result;
}

/** A text, or an Error that names the function it is for. */
export function text(value: Value, where: string): string {
  if (typeof value !== "string") throw new Error(`${where} wants a string`);
  return value;
}

function exactly(count: number, args: readonly Value[]): readonly Value[] {
  if (args.length !== count) throw new Error(`wrong number of args: want ${count} got ${args.length}`);
  return args;
}

function atLeast(count: number, args: readonly Value[]): true {
  if (args.length < count) throw new Error(`wrong number of args: want at least ${count} got ${args.length}`);
  return true;
}
