/**
 * Says what is wrong with a text that JSON.parse refused, in the words of Go's encoding/json (the state names of its
 * scanner): Docker's clients show them. Called only for broken texts.
 */
export function explainJson(source: string): string {
  const reader = new Reader(source);
  try {
    reader.value();
    reader.space();
    if (!reader.atEnd) reader.refuse("after top-level value");
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
  return "invalid JSON";
}

class Refusal extends Error {}

class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get atEnd(): boolean {
    return this.#at >= this.#source.length;
  }

  #peek(): string {
    if (this.atEnd) throw new Refusal("unexpected EOF");
    return this.#source.charAt(this.#at);
  }

  refuse(where: string): never {
    const found = this.#peek();
    const shown = found === "'" ? "'\\''" : `'${JSON.stringify(found).slice(1, -1).replace('\\"', '"')}'`;
    throw new Refusal(`invalid character ${shown} ${where}`);
  }

  space(): void {
    while (!this.atEnd && " \t\r\n".includes(this.#peek())) this.#at++;
  }

  value(): void {
    this.space();
    const first = this.#peek();
    if (first === "{") this.#object();
    else if (first === "[") this.#array();
    else if (first === '"') this.#string();
    else if (first === "t") this.#literal("true");
    else if (first === "f") this.#literal("false");
    else if (first === "n") this.#literal("null");
    else if (/[-0-9]/.test(first)) this.#number();
    else this.refuse("looking for beginning of value");
  }

  #object(): void {
    this.#members("}", "after object key:value pair", () => {
      this.space();
      if (this.#peek() !== '"') this.refuse("looking for beginning of object key string");
      this.#string();
      this.space();
      if (this.#peek() !== ":") this.refuse("after object key");
      this.#at++;
      this.value();
    });
  }

  #array(): void {
    this.#members("]", "after array element", () => this.value());
  }

  #members(close: string, after: string, member: () => void): void {
    this.#at++;
    this.space();
    let more = this.#peek() !== close;
    while (more) {
      member();
      this.space();
      more = this.#peek() !== close;
      if (more && this.#peek() !== ",") this.refuse(after);
      if (more) this.#at++;
    }
    this.#at++;
  }

  #string(): void {
    this.#at++;
    while (this.#peek() !== '"') {
      if (this.#peek() < " ") this.refuse("in string literal");
      if (this.#peek() === "\\") this.#escape();
      else this.#at++;
    }
    this.#at++;
  }

  #escape(): void {
    this.#at++;
    const isUnicode = this.#peek() === "u";
    if (!isUnicode && !'"\\/bfnrt'.includes(this.#peek())) this.refuse("in string escape code");
    this.#at++;
    for (let digits = 0; isUnicode && digits < 4; digits++) {
      if (!/[0-9a-fA-F]/.test(this.#peek())) this.refuse("in \\u hexadecimal character escape");
      this.#at++;
    }
  }

  #literal(word: string): void {
    this.#at++;
    for (const expected of word.slice(1)) {
      if (this.#peek() !== expected) this.refuse(`in literal ${word} (expecting '${expected}')`);
      this.#at++;
    }
  }

  #number(): void {
    if (this.#peek() === "-") this.#at++;
    if (this.#peek() === "0") this.#at++;
    else this.#digits("in numeric literal");
    if (!this.atEnd && this.#peek() === ".") {
      this.#at++;
      this.#digits("after decimal point in numeric literal");
    }
    if (!this.atEnd && /[eE]/.test(this.#peek())) {
      this.#at++;
      if (/[-+]/.test(this.#peek())) this.#at++;
      this.#digits("in exponent of numeric literal");
    }
  }

  #digits(where: string): void {
    if (!/[0-9]/.test(this.#peek())) this.refuse(where);
    while (!this.atEnd && /[0-9]/.test(this.#peek())) this.#at++;
  }
}
