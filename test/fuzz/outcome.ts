/** What came of one input. */
export interface Outcome {
  /** What kind of input it was, like "rpc as worker". */
  readonly kind: string;
  /** What the manager did: a status, or how the connection ended. */
  readonly answer: string;
  /** What is wrong with that; absent when nothing is. */
  readonly finding?: string;
}

/** Different findings that are kept; of more there is a count. */
const maxFindings = 40;

/** What came of all inputs so far. */
export class Tally {
  readonly #counts = new Map<string, number>();
  /** By what was wrong, with the number of the first input that showed it. */
  readonly findings = new Map<string, { readonly input: number; count: number }>();

  add(input: number, { kind, answer, finding }: Outcome): void {
    const key = `${kind}: ${answer}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    if (finding) this.found(input, `${kind}: ${finding}`);
  }

  found(input: number, text: string): void {
    const known = this.findings.get(text);
    if (known) known.count++;
    else if (this.findings.size < maxFindings) this.findings.set(text, { input, count: 1 });
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** One line for each kind and answer. */
  lines(): string[] {
    return [...this.#counts].sort(([a], [b]) => a.localeCompare(b)).map(([key, count]) => `${count}\t${key}`);
  }
}
