import { lex, type Piece, type Token } from "./lexer.ts";
import type { Block, Command, Field, Operand, Pipeline, Statement } from "./syntax.ts";
import { syntaxError, unsupported } from "./template-error.ts";

/** Blocks and parentheses within each other. */
const deepest = 100;
const blockWords: ReadonlySet<string> = new Set(["if", "with", "range"]);
const unsupportedWords: ReadonlySet<string> = new Set(["template", "block", "define", "break", "continue"]);

/**
 * Understands a template in the part of Go's text/template that Docker's users write: fields, functions, pipelines,
 * variables, if, with, range. Fault invalid_argument with Go's texts, also for functions that there are not.
 */
export function parse(name: string, source: string, functions: ReadonlySet<string>): Block {
  return new Parser(name, source, functions).whole();
}

type Action = Piece & { kind: "action" };

class Parser {
  readonly #name: string;
  readonly #source: string;
  readonly #functions: ReadonlySet<string>;
  readonly #pieces: readonly Piece[];
  #piece = 0;
  /** The words of the action that is read now. */
  #tokens: readonly Token[] = [];
  #token = 0;
  /** Where the action that is read now ends. */
  #end = 0;
  #depth = 0;
  readonly #variables: string[] = ["$"];

  constructor(name: string, source: string, functions: ReadonlySet<string>) {
    this.#name = name;
    this.#source = source;
    this.#functions = functions;
    this.#pieces = lex(name, source);
  }

  whole(): Block {
    const { block, ending } = this.#block();
    if (ending) throw this.#error(ending.position, `unexpected {{${ending.word}}}`);
    return block;
  }

  /** Statements up to `{{end}}`, `{{else …}}` (whose rest is still to be read) or the end. */
  #block(): { block: Statement[]; ending: { word: "end" | "else"; position: number } | undefined } {
    const block: Statement[] = [];
    for (;;) {
      const piece = this.#pieces[this.#piece++];
      if (!piece) return { block, ending: undefined };
      if (piece.kind === "text") {
        block.push(piece);
        continue;
      }
      this.#open(piece);
      const first = this.#peek();
      const word = first?.kind === "word" ? first.name : "";
      if (word === "end" || word === "else") {
        this.#token += 1;
        return { block, ending: { word, position: piece.position } };
      }
      if (first && unsupportedWords.has(word))
        throw unsupported(this.#name, this.#source, first.position, `{{${word}}}`);
      if (isBlockWord(word)) {
        this.#token += 1;
        block.push(this.#control(word, piece.position));
      } else block.push({ kind: "show", pipeline: this.#wholePipeline("command", 1), position: piece.position });
    }
  }

  #control(kind: "if" | "with" | "range", position: number): Statement {
    const scope = this.#variables.length;
    this.#deeper(position);
    const pipeline = this.#wholePipeline(kind, kind === "range" ? 2 : 1);
    const { block: body, ending } = this.#block();
    if (!ending) throw this.#error(this.#source.length, "unexpected EOF");
    const otherwise = ending.word === "else" ? this.#otherwise(kind, ending.position) : this.#closed();
    this.#variables.length = scope;
    this.#depth -= 1;
    return { kind, pipeline, position, body, otherwise };
  }

  /** Behind `else`: `if …`, which needs no end of its own, or what is there up to the end. */
  #otherwise(kind: string, position: number): Block {
    const next = this.#peek();
    if (next?.kind === "word" && next.name === kind && isBlockWord(kind) && kind !== "range") {
      this.#token += 1;
      return [this.#control(kind, position)];
    }
    this.#closed();
    const { block, ending } = this.#block();
    if (!ending) throw this.#error(this.#source.length, "unexpected EOF");
    if (ending.word !== "end") throw this.#error(ending.position, "expected end; found {{else}}");
    this.#closed();
    return block;
  }

  #closed(): Block {
    const more = this.#peek();
    if (more) throw this.#unexpected(more, "end");
    return [];
  }

  #wholePipeline(context: string, mostVariables: number): Pipeline {
    const pipeline = this.#pipeline(context, mostVariables);
    const more = this.#peek();
    if (more) throw this.#unexpected(more, context);
    return pipeline;
  }

  #pipeline(context: string, mostVariables: number): Pipeline {
    const declares = this.#declarations(mostVariables);
    const commands: Command[] = [];
    do commands.push(this.#command(context));
    while (this.#skip("|"));
    this.#variables.push(...declares);
    return { declares, commands };
  }

  #declarations(most: number): string[] {
    const names: string[] = [];
    const begin = this.#token;
    for (;;) {
      const variable = this.#peek();
      if (variable?.kind !== "variable") break;
      this.#token += 1;
      names.push(variable.name);
      if (this.#skip(":=")) {
        if (names.length > most) throw this.#error(variable.position, "too many declarations");
        return names;
      }
      if (!this.#skip(",")) break;
    }
    this.#token = begin;
    return [];
  }

  #command(context: string): Command {
    const first = this.#operand();
    if (!first) {
      const found = this.#peek();
      if (found && found.kind !== "|" && found.kind !== ")") throw this.#unexpected(found, context);
      throw this.#error(found?.position ?? this.#end, `missing value for ${context}`);
    }
    const rest: Operand[] = [];
    for (let next = this.#operand(); next; next = this.#operand()) rest.push(next);
    const last = rest.at(-1) ?? first;
    const begin = first.position;
    return { first, rest, position: begin, source: this.#source.slice(begin, endOf(last)) };
  }

  /** A value with the fields asked of it; undefined when none begins here. */
  #operand(): Operand | undefined {
    const token = this.#peek();
    const base = token && this.#base(token);
    if (!token || !base) return undefined;
    const fields: Field[] = token.kind === "field" ? [{ name: token.name, position: token.position }] : [];
    let end = base.position + base.source.length;
    for (let next = this.#peek(); next?.kind === "field" && next.position === end; next = this.#peek()) {
      this.#token += 1;
      fields.push({ name: next.name, position: next.position });
      end = next.end;
    }
    if (fields.length === 0) return base;
    const source = this.#source.slice(base.position, end);
    return { kind: "fields", base, fields, position: base.position, source };
  }

  /** The value before its fields; a field itself is asked of the dot. */
  #base(token: Token): Operand | undefined {
    const spot = { position: token.position, source: this.#source.slice(token.position, token.end) };
    switch (token.kind) {
      case "text":
        this.#token += 1;
        return { kind: "literal", value: token.text, ...spot };
      case "number":
        this.#token += 1;
        return { kind: "literal", value: token.number, ...spot };
      case "dot":
      case "field":
        this.#token += 1;
        return { kind: "dot", ...spot };
      case "variable":
        if (!this.#variables.includes(token.name))
          throw this.#error(token.position, `undefined variable "${token.name}"`);
        this.#token += 1;
        return { kind: "variable", name: token.name, ...spot };
      case "word":
        this.#token += 1;
        return this.#word(token.name, spot);
      case "(":
        return this.#parenthesized(token);
      case ")":
      case "|":
      case ",":
      case ":=":
        return undefined;
      default:
        return token satisfies never;
    }
  }

  #word(name: string, spot: { position: number; source: string }): Operand {
    if (name === "true" || name === "false") return { kind: "literal", value: name === "true", ...spot };
    if (name === "nil") return { kind: "literal", value: undefined, ...spot };
    if (!this.#functions.has(name)) throw this.#error(spot.position, `function "${name}" not defined`);
    return { kind: "function", name, ...spot };
  }

  #parenthesized(open: Token): Operand {
    this.#token += 1;
    this.#deeper(open.position);
    const pipeline = this.#pipeline("parenthesized pipeline", 0);
    const close = this.#peek();
    if (close?.kind !== ")") throw this.#error(close?.position ?? this.#end, "unclosed left paren");
    this.#token += 1;
    this.#depth -= 1;
    const source = this.#source.slice(open.position, close.end);
    return { kind: "pipeline", pipeline, position: open.position, source };
  }

  #open(action: Action): void {
    this.#tokens = action.tokens;
    this.#token = 0;
    this.#end = action.end;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#token];
  }

  #skip(kind: Token["kind"]): boolean {
    if (this.#peek()?.kind !== kind) return false;
    this.#token += 1;
    return true;
  }

  #deeper(position: number): void {
    this.#depth += 1;
    if (this.#depth > deepest)
      throw unsupported(this.#name, this.#source, position, `nesting more than ${deepest} levels deep`);
  }

  #unexpected(token: Token, context: string): Error {
    const found = this.#source.slice(token.position, token.end);
    return this.#error(token.position, `unexpected ${JSON.stringify(found)} in ${context}`);
  }

  #error(position: number, reason: string): Error {
    return syntaxError(this.#name, this.#source, position, reason);
  }
}

function isBlockWord(word: string): word is "if" | "with" | "range" {
  return blockWords.has(word);
}

function endOf(operand: Operand): number {
  return operand.position + operand.source.length;
}
