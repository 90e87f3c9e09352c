import { HttpError } from "../errors.ts";

/** The words that JSON has for the values of a wire enum. */
export class Words<E extends number> {
  readonly #byWord: ReadonlyMap<string, E>;
  readonly #byValue: ReadonlyMap<E, string>;

  constructor(words: Readonly<Record<string, E>>) {
    const entries = Object.entries(words);
    this.#byWord = new Map(entries);
    this.#byValue = new Map(entries.map(([word, value]) => [value, word]));
  }

  /** "" for a value that a newer peer wrote and we have no word for; such members are left out. */
  wordOf(value: E): string {
    return this.#byValue.get(value) ?? "";
  }

  find(word: string): E | undefined {
    return this.#byWord.get(word);
  }

  /** The value, `fallback` for a word that is absent or "". 400 with `complaint` for any other. */
  valueOf(word: string | undefined, fallback: E, complaint: (word: string) => string): E {
    if (word === undefined || word === "") return fallback;
    const value = this.#byWord.get(word);
    if (value === undefined) throw new HttpError(400, complaint(word));
    return value;
  }
}

/** Docker's way of refusing a word: `invalid RestartCondition: "bogus"`. */
export const invalid =
  (what: string) =>
  (word: string): string =>
    `invalid ${what}: ${JSON.stringify(word)}`;
