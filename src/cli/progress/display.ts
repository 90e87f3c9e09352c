import { print } from "../output.ts";

/** Shows how several things come along: on a terminal in place, elsewhere a line for each change. */
export class Display {
  readonly #terminal: boolean;
  readonly #quiet: boolean;
  #shown: readonly string[] = [];

  constructor({ quiet = false, terminal = process.stdout.isTTY === true } = {}) {
    this.#quiet = quiet;
    this.#terminal = terminal;
  }

  /** One line for each thing, always in the same order. */
  show(lines: readonly string[]): void {
    const before = this.#shown;
    this.#shown = lines;
    if (this.#quiet) return;
    if (this.#terminal) {
      if (lines.every((line, at) => line === before[at])) return;
      this.#repaint(lines, before.length);
      return;
    }
    for (const line of lines) if (!before.includes(line)) print(line);
  }

  #repaint(lines: readonly string[], before: number): void {
    const up = before > 0 ? `\u001b[${before}A` : "";
    const width = process.stdout.columns || 80;
    const shown = lines.map(line => `\r\u001b[2K${line.length > width ? `${line.slice(0, width - 1)}…` : line}\n`);
    process.stdout.write(up + shown.join(""));
  }
}
