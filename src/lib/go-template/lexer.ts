import { syntaxError, unsupported } from "./template-error.ts";

/** A word of an action. `position` and `end` are offsets into the source. */
export type Token = { readonly position: number; readonly end: number } & (
  | { readonly kind: "field" | "variable" | "word"; readonly name: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly number: number }
  | { readonly kind: "dot" | "|" | "(" | ")" | ":=" | "," }
);

/** A template is texts and actions in turn. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly position: number; readonly end: number; readonly tokens: readonly Token[] };

const opening = "{{";
const closing = "}}";
/** Go's white space: what `{{-` and `-}}` trim. */
const leadingSpace = /^[ \t\r\n]+/;
const trimOpening = /\{\{-[ \t\r\n]/y;
const trimClosing = /[ \t\r\n]-\}\}/y;
const space = /[ \t\r\n]+/y;
const name = /[A-Za-z_]\w*/y;
const integer = /[+-]?\d+(?![\w.])/y;
const numberLike = /[+-]?\.?\d[\w.]*/y;
const quoted = /"(?:[^"\\\n]|\\[^\n])*"/y;
const raw = /`[^`]*`/y;
const comment = /\/\*[\s\S]*?\*\//y;

/** Cuts a template into texts and actions. Fault invalid_argument with Go's reason and the line. */
export function lex(template: string, source: string): Piece[] {
  return new Lexer(template, source).pieces();
}

class Lexer {
  readonly #name: string;
  readonly #source: string;
  #at = 0;

  constructor(templateName: string, source: string) {
    this.#name = templateName;
    this.#source = source;
  }

  pieces(): Piece[] {
    const pieces: Piece[] = [];
    let trimNext = false;
    for (;;) {
      const open = this.#source.indexOf(opening, this.#at);
      let text = this.#source.slice(this.#at, open < 0 ? undefined : open);
      if (trimNext) text = text.replace(leadingSpace, "");
      const trimsBefore = open >= 0 && matchAt(trimOpening, this.#source, open) !== undefined;
      if (trimsBefore) text = withoutTrailingSpace(text);
      if (text !== "") pieces.push({ kind: "text", text });
      if (open < 0) return pieces;
      this.#at = open + (trimsBefore ? opening.length + 1 : opening.length);
      const { tokens, trimsAfter } = this.#action();
      // A comment has no words.
      if (tokens) pieces.push({ kind: "action", position: open, end: this.#at, tokens });
      trimNext = trimsAfter;
    }
  }

  #action(): { tokens: Token[] | undefined; trimsAfter: boolean } {
    if (this.#isComment()) return { tokens: undefined, trimsAfter: this.#commentEnd() };
    const tokens: Token[] = [];
    for (;;) {
      const trimsAfter = this.#take(trimClosing) !== undefined;
      if (trimsAfter || this.#source.startsWith(closing, this.#at)) {
        if (!trimsAfter) this.#at += closing.length;
        return { tokens, trimsAfter };
      }
      if (this.#take(space) !== undefined) continue;
      if (this.#at >= this.#source.length) throw this.#error("unclosed action");
      tokens.push(this.#token());
    }
  }

  /** Comments stand alone, right behind the opening or the space that the trim marker asks for. */
  #isComment(): boolean {
    const skipped = matchAt(space, this.#source, this.#at)?.length ?? 0;
    return this.#source.startsWith("/*", this.#at + skipped);
  }

  #commentEnd(): boolean {
    this.#take(space);
    if (this.#take(comment) === undefined) throw this.#error("unclosed comment");
    if (this.#take(trimClosing) !== undefined) return true;
    if (!this.#source.startsWith(closing, this.#at)) throw this.#error("comment ends before closing delimiter");
    this.#at += closing.length;
    return false;
  }

  #token(): Token {
    const position = this.#at;
    const span = (): { position: number; end: number } => ({ position, end: this.#at });
    const next = this.#source[position] ?? "";
    if (/[\d+-]/.test(next) || /^\.\d/.test(this.#source.slice(position, position + 2))) return this.#number();
    switch (next) {
      case ".": {
        this.#at += 1;
        const field = this.#take(name);
        return field === undefined ? { kind: "dot", ...span() } : { kind: "field", name: field, ...span() };
      }
      case "$": {
        this.#at += 1;
        return { kind: "variable", name: `$${this.#take(name) ?? ""}`, ...span() };
      }
      case '"':
        return { kind: "text", text: this.#quoted(), ...span() };
      case "`": {
        const text = this.#take(raw);
        if (text === undefined) throw this.#error("unterminated raw quoted string");
        return { kind: "text", text: text.slice(1, -1), ...span() };
      }
      case "'":
        throw unsupported(this.#name, this.#source, position, "a character constant");
      case "|":
      case "(":
      case ")":
      case ",":
        this.#at += 1;
        return { kind: next, ...span() };
      case ":":
        if (this.#source[position + 1] !== "=") throw this.#error("expected :=");
        this.#at += 2;
        return { kind: ":=", ...span() };
      case "=":
        throw unsupported(this.#name, this.#source, position, "assigning to a variable");
      default: {
        const word = this.#take(name);
        if (word !== undefined) return { kind: "word", name: word, ...span() };
        const code = (next.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
        throw this.#error(`unrecognized character in action: U+${code} '${next}'`);
      }
    }
  }

  #number(): Token {
    const position = this.#at;
    const digits = this.#take(integer);
    if (digits !== undefined && Number.isSafeInteger(Number(digits)))
      return { kind: "number", number: Number(digits), position, end: this.#at };
    const like = digits ?? matchAt(numberLike, this.#source, position) ?? this.#source[position] ?? "";
    throw unsupported(this.#name, this.#source, position, `the number "${like}"`);
  }

  #quoted(): string {
    const position = this.#at;
    const literal = this.#take(quoted);
    if (literal === undefined) throw this.#error("unterminated quoted string");
    try {
      // Go's escapes that JSON has too; the rest of Go's (\a, \v, \x41, \101) nobody writes into a template.
      return JSON.parse(literal.replace(/\t/g, "\\t")) as string;
    } catch {
      throw unsupported(this.#name, this.#source, position, `an escape in ${literal}`);
    }
  }

  #take(pattern: RegExp): string | undefined {
    const found = matchAt(pattern, this.#source, this.#at);
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #error(reason: string): Error {
    return syntaxError(this.#name, this.#source, this.#at, reason);
  }
}

/** By hand: a pattern would look at a long run of spaces once from each of them. */
function withoutTrailingSpace(text: string): string {
  let end = text.length;
  while (end > 0 && " \t\r\n".includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** What a sticky pattern matches at a place. */
function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}
