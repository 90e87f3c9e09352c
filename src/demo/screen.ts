import { changes, progressTable } from "./progress.ts";
import type { Snapshot } from "./snapshot.ts";

/** Columns of a terminal that does not tell. */
const defaultWidth = 79;

/** Where the demo writes: a terminal gets a table that is drawn over, everything else plain lines. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #drawn = 0;
  #last: Snapshot | undefined;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** Lines of text; what was drawn stays above them. */
  say(...lines: string[]): void {
    this.#drawn = 0;
    this.#out.write(`${lines.join("\n")}\n`);
  }

  /** Shows how far things have come. */
  show(snapshot: Snapshot): void {
    if (!this.#out.isTTY) {
      this.tell(snapshot);
      return;
    }
    this.#last = snapshot;
    const width = this.#out.columns > 1 ? this.#out.columns - 1 : defaultWidth;
    const lines = progressTable(snapshot).map(line => line.slice(0, width));
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : "";
    this.#out.write(`${up}\u001b[0J${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }

  /** Tells what is new since the last look, a line each. */
  tell(snapshot: Snapshot): void {
    const lines = changes(this.#last, snapshot);
    this.#last = snapshot;
    if (lines.length > 0) this.say(...lines.map(line => `  ${line}`));
  }
}
