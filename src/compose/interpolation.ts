/** What a variable stands for; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface Interpolation {
  readonly lookup: Lookup;
  /** Told of each variable that is not set and has no default: it becomes nothing. */
  readonly unset: (name: string) => void;
}

/** Why a text with variables cannot be filled in. */
export class InterpolationError extends Error {
  override readonly name = "InterpolationError";
}

/** Expressions within each other. */
const deepest = 20;
const nameAt = /[A-Za-z_][A-Za-z0-9_]*/y;
const operatorAt = /:?[-?+]/y;

/**
 * Fills in variables as the Compose specification says: `$X`, `${X}`, `${X:-default}`, `${X-default}`, `${X:?message}`,
 * `${X?message}`, `${X:+instead}`, `${X+instead}`, within each other too, and `$$` for a dollar sign.
 */
export function interpolate(text: string, how: Interpolation): string {
  return text.includes("$") ? new Reader(text, how).text(0) : text;
}

class Reader {
  readonly #source: string;
  readonly #how: Interpolation;
  #at = 0;
  #depth = 0;

  constructor(source: string, how: Interpolation) {
    this.#source = source;
    this.#how = how;
  }

  /** Up to the end, or within braces up to the one that closes; `skipped` text is only passed over. */
  text(braces: number, skipped = false): string {
    let result = "";
    while (this.#at < this.#source.length) {
      const char = this.#source[this.#at];
      if (char === "}" && braces > 0) return result;
      if (char === "$") result += this.#dollar(skipped);
      else {
        result += char;
        this.#at += 1;
      }
    }
    if (braces > 0) throw this.#error('a "${" is not closed');
    return result;
  }

  #dollar(skipped: boolean): string {
    const next = this.#source[this.#at + 1];
    if (next === "$") {
      this.#at += 2;
      return "$";
    }
    if (next === "{") return this.#braced(skipped);
    this.#at += 1;
    const name = this.#match(nameAt);
    if (name === "") throw this.#error('a "$" must be followed by a name, or written "$$"');
    return skipped ? "" : this.#value(name);
  }

  #braced(skipped: boolean): string {
    this.#at += 2;
    this.#depth += 1;
    if (this.#depth > deepest) throw this.#error(`more than ${deepest} expressions within each other`);
    const name = this.#match(nameAt);
    if (name === "") throw this.#error('a "${" must be followed by a name');
    const operator = this.#match(operatorAt);
    const result = operator === "" ? this.#plain(name, skipped) : this.#operation(name, operator, skipped);
    if (this.#source[this.#at] !== "}") throw this.#error(`"\${${name}" goes on with something that is no operator`);
    this.#at += 1;
    this.#depth -= 1;
    return result;
  }

  #plain(name: string, skipped: boolean): string {
    return skipped ? "" : this.#value(name);
  }

  #operation(name: string, operator: string, skipped: boolean): string {
    const value = this.#how.lookup(name);
    const there = operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
    const usesRest = operator.endsWith("+") ? there : !there;
    const rest = this.text(1, skipped || !usesRest);
    if (skipped) return "";
    if (operator.endsWith("+")) return there ? rest : "";
    if (there) return value ?? "";
    if (operator.endsWith("?")) throw new InterpolationError(`required variable ${name} is missing a value: ${rest}`);
    return rest;
  }

  #value(name: string): string {
    const value = this.#how.lookup(name);
    if (value === undefined) this.#how.unset(name);
    return value ?? "";
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #error(reason: string): InterpolationError {
    return new InterpolationError(`invalid interpolation in ${JSON.stringify(this.#source)}: ${reason}`);
  }
}
