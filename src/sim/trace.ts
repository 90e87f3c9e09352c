import { createHash } from "node:crypto";
import type { Clock } from "../ports/clock.ts";
import type { LogFields, Logger } from "../ports/log.ts";
import type { SimProcess } from "./process.ts";

/** Lines kept for whoever asks what led to a failure. */
const keptLines = 2_000;

/** What happened in a simulation, in order, as one hash: two runs of the same seed have the same. */
export class SimTrace {
  readonly #clock: Clock;
  readonly #hash = createHash("sha256");
  readonly #lines: string[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something happened. */
  note(line: string): void {
    const timed = `${this.#clock.monotonic().toFixed(3)} ${line}`;
    this.#hash.update(`${timed}\n`);
    this.#lines.push(timed);
    if (this.#lines.length > 2 * keptLines) this.#lines.splice(0, keptLines);
  }

  /** The hash of everything so far, in hexadecimal. */
  get hash(): string {
    return this.#hash.copy().digest("hex");
  }

  /** The last lines. */
  tail(count = keptLines): string[] {
    return this.#lines.slice(-count);
  }

  /** A program's log, whose lines become part of the trace as long as the program lives. */
  logger(process: SimProcess, name: string, bound: LogFields = {}): Logger {
    const write = (message: string, fields?: LogFields): void => {
      if (process.alive) this.note(`${name}: ${message} ${show({ ...bound, ...fields })}`);
    };
    return {
      debug: write,
      info: write,
      warn: write,
      error: write,
      with: fields => this.logger(process, name, { ...bound, ...fields }),
    };
  }
}

function show(fields: LogFields): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${value instanceof Error ? value.message : String(value)}`)
    .join(" ");
}
