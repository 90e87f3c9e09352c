import { defined } from "../lib/assert.ts";
import { asFault, type Fault } from "../lib/fault.ts";
import { afterPromises } from "../lib/turn.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import { payloadBytes } from "../raft/entry.ts";
import type { Save } from "../raft/ready.ts";
import type { Journal } from "./journal.ts";
import { LatencyMeter } from "./latency.ts";

/** Bytes of entries that are written and synced together; one save may be more. */
const maxBatchBytes = 8 * 1024 * 1024;
/** Milliseconds between two tries to write to a full disk. */
const fullRetryMs = 1_000;

interface Numbered {
  readonly number: number;
  readonly save: Save;
}

export interface SaverOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  /** These saves are durable, in the order that they were asked for. */
  readonly onSaved: (saves: readonly Save[], lastNumber: number) => void;
  /** The disk is full. It is tried again until it is not. */
  readonly onFull: (fault: Fault) => void;
  /** Nothing can be written any more. */
  readonly onBroken: (fault: Fault) => void;
}

/**
 * Makes raft's saves durable, one after the other: what comes while one is under way goes out together as the next. The first is
 * handed to the disk before `add` returns: whoever goes on to apply entries then does so while the disk works. Where it is to follow what
 * was sent, it is handed over once that is on its way: sealing it takes a good part of what the network and another's disk do.
 */
export class Saver {
  readonly latency = new LatencyMeter();
  readonly #options: SaverOptions;
  readonly #end = new AbortController();
  #queue: Numbered[] = [];
  #isWorking = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: SaverOptions) {
    this.#options = options;
  }

  add(number: number, save: Save, afterSends = false): void {
    if (this.#end.signal.aborted) return;
    this.#queue.push({ number, save });
    if (afterSends) afterPromises(() => this.#begin());
    else this.#begin();
  }

  /** Waits for the write that is under way. What has not begun is not written: nobody was told of it. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#work;
  }

  #begin(): void {
    if (!this.#isWorking) this.#work = this.#run();
  }

  async #run(): Promise<void> {
    this.#isWorking = true;
    while (this.#queue.length > 0 && !this.#end.signal.aborted) {
      const batch = this.#nextBatch();
      const saves = batch.map(({ save }) => save);
      if (!(await this.#write(saves))) break;
      this.#options.onSaved(saves, defined(batch.at(-1), "a save").number);
    }
    this.#isWorking = false;
  }

  #nextBatch(): Numbered[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#queue.length && bytes < maxBatchBytes) {
      for (const entry of defined(this.#queue[count], "a save").save.entries) bytes += payloadBytes(entry);
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  /** False when that will not come to be. */
  async #write(saves: readonly Save[]): Promise<boolean> {
    const { journal, clock, onFull, onBroken } = this.#options;
    if (!saves.some(save => save.mustSync)) {
      for (const { hardState } of saves) if (hardState) journal.note(hardState);
      return true;
    }
    for (let attempt = 1; !this.#end.signal.aborted; attempt++) {
      const start = clock.monotonic();
      try {
        await journal.save(saves);
        this.latency.observe(clock.monotonic() - start);
        return true;
      } catch (error) {
        const fault = asFault(error);
        if (fault.code !== "resource_exhausted") {
          onBroken(fault);
          return false;
        }
        if (attempt === 1) onFull(fault);
        await sleep(clock, fullRetryMs, this.#end.signal);
      }
    }
    return false;
  }
}
