import { Fault } from "../fault.ts";
import { builtins, type TemplateFunction } from "./functions.ts";
import { parse } from "./parser.ts";
import type { Block, Command, Operand, Pipeline, Statement } from "./syntax.ts";
import { placeOf } from "./template-error.ts";
import { isList, isTrue, Struct, show, sortedEntries, typeName, type Value } from "./value.ts";

/** Characters that a template may become: labels that name secrets could multiply them without end. */
export const largestResult = 4 * 1024 * 1024;

export interface TemplateOptions {
  /** What messages call the template. */
  readonly name: string;
  /** What `.` is. */
  readonly dot: Value;
  /** Functions besides Go's own. */
  readonly functions: Readonly<Record<string, TemplateFunction>>;
}

/**
 * The text that a template becomes. The language is the part of Go's text/template that Docker's users write; a missing
 * key of a map is an error (as SwarmKit asks for). Fault invalid_argument, in Go's words, names template, line and column.
 */
export function expandTemplate(source: string, options: TemplateOptions): string {
  if (!source.includes("{{")) return source;
  const functions = { ...builtins, ...options.functions };
  const block = parse(options.name, source, new Set(Object.keys(functions)));
  return new Execution(source, { ...options, functions }).run(block);
}

class Execution {
  readonly #source: string;
  readonly #options: TemplateOptions;
  readonly #result: string[] = [];
  #size = 0;
  readonly #variables: { readonly name: string; readonly value: Value }[];

  constructor(source: string, options: TemplateOptions) {
    this.#source = source;
    this.#options = options;
    this.#variables = [{ name: "$", value: options.dot }];
  }

  run(block: Block): string {
    this.#block(block, this.#options.dot);
    return this.#result.join("");
  }

  #block(block: Block, dot: Value): void {
    const scope = this.#variables.length;
    for (const statement of block) this.#statement(statement, dot);
    this.#variables.length = scope;
  }

  #statement(statement: Statement, dot: Value): void {
    switch (statement.kind) {
      case "text":
        this.#write(statement.text);
        return;
      case "show": {
        const value = this.#pipeline(statement.pipeline, dot);
        if (statement.pipeline.declares.length === 0) this.#write(show(value));
        return;
      }
      case "if":
      case "with":
      case "range": {
        const scope = this.#variables.length;
        this.#control(statement, dot);
        this.#variables.length = scope;
        return;
      }
      default:
        statement satisfies never;
    }
  }

  #control(statement: Statement & { kind: "if" | "with" | "range" }, dot: Value): void {
    if (statement.kind === "range") {
      this.#range(statement, dot);
      return;
    }
    const value = this.#pipeline(statement.pipeline, dot);
    if (!isTrue(value)) this.#block(statement.otherwise, dot);
    else this.#block(statement.body, statement.kind === "with" ? value : dot);
  }

  #range({ pipeline, body, otherwise }: Statement & { kind: "if" | "with" | "range" }, dot: Value): void {
    const range = this.#commands(pipeline, dot);
    const [command] = pipeline.commands;
    const entries = entriesOf(range);
    if (!entries) throw this.#error(command?.position ?? 0, command?.source ?? "", cannotRange(range));
    if (entries.length === 0) this.#block(otherwise, dot);
    const [first, second] = pipeline.declares;
    const scope = this.#variables.length;
    for (const [key, value] of entries) {
      this.#variables.length = scope;
      if (second !== undefined) this.#variables.push({ name: first ?? "", value: key }, { name: second, value });
      else if (first !== undefined) this.#variables.push({ name: first, value });
      this.#block(body, value);
    }
  }

  #pipeline(pipeline: Pipeline, dot: Value): Value {
    const value = this.#commands(pipeline, dot);
    for (const name of pipeline.declares) this.#variables.push({ name, value });
    return value;
  }

  #commands({ commands }: Pipeline, dot: Value): Value {
    let piped: readonly Value[] = [];
    for (const command of commands) piped = [this.#command(command, dot, piped)];
    return piped[0];
  }

  /** `piped` is what the command before it in the pipeline gives, as its last argument. */
  #command(command: Command, dot: Value, piped: readonly Value[]): Value {
    const { first, rest } = command;
    if (first.kind !== "function") {
      if (rest.length + piped.length > 0)
        throw this.#error(first.position, first.source, `can't give argument to non-function ${first.source}`);
      return this.#operand(first, dot);
    }
    return this.#call(first.name, command, [...rest.map(each => this.#operand(each, dot)), ...piped]);
  }

  #operand(operand: Operand, dot: Value): Value {
    switch (operand.kind) {
      case "literal":
        return operand.value;
      case "dot":
        return dot;
      case "variable":
        return this.#variables.findLast(({ name }) => name === operand.name)?.value;
      case "function":
        return this.#call(operand.name, operand, []);
      case "pipeline":
        return this.#commands(operand.pipeline, dot);
      case "fields": {
        let value = this.#operand(operand.base, dot);
        // Go names a chain by its second link.
        const place = operand.fields[1]?.position ?? operand.fields[0]?.position ?? operand.position;
        for (const { name } of operand.fields) value = this.#field(value, name, place, operand.source);
        return value;
      }
      default:
        return operand satisfies never;
    }
  }

  #field(value: Value, name: string, position: number, source: string): Value {
    if (value instanceof Struct && value.fields.has(name)) return value.fields.get(name);
    if (value instanceof Map) {
      if (value.has(name)) return (value as ReadonlyMap<string, Value>).get(name);
      throw this.#error(position, source, `map has no entry for key ${JSON.stringify(name)}`);
    }
    throw this.#error(position, source, `can't evaluate field ${name} in type ${typeName(value)}`);
  }

  #call(name: string, at: { readonly position: number; readonly source: string }, args: readonly Value[]): Value {
    try {
      return this.#options.functions[name]?.(...args);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw this.#error(at.position, at.source, `error calling ${name}: ${reason}`);
    }
  }

  #write(text: string): void {
    this.#size += text.length;
    if (this.#size > largestResult)
      throw new Fault(
        "invalid_argument",
        `template: ${this.#options.name}: it becomes larger than ${largestResult} bytes`,
      );
    this.#result.push(text);
  }

  #error(position: number, source: string, reason: string): Fault {
    const { name } = this.#options;
    const { line, column } = placeOf(this.#source, position);
    const where = `template: ${name}:${line}:${column}: executing ${JSON.stringify(name)} at <${source}>`;
    return new Fault("invalid_argument", `${where}: ${reason}`);
  }
}

/** A map's entries by key, or a list's items by number; undefined for what has none. */
function entriesOf(value: Value): readonly (readonly [string | number, Value])[] | undefined {
  if (isList(value)) return value.map((item, at) => [at, item] as const);
  return value instanceof Map ? sortedEntries(value as ReadonlyMap<string, Value>) : undefined;
}

function cannotRange(value: Value): string {
  return `range can't iterate over ${show(value)}`;
}
