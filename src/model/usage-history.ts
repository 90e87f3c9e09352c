/** How often tasks are measured, milliseconds. */
export const usagePeriodMs = 10_000;
/** Samples kept of each task: an hour of them. */
export const usageSamples = 360;

/** What something uses at one moment. NaN: not known. */
export interface UsageSample {
  /** Processors kept busy since the sample before. */
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** Samples one period after the other, the newest last; both lists are equally long. */
export interface UsageSeries {
  readonly cpus: readonly number[];
  readonly memoryBytes: readonly number[];
}

const unknown: UsageSample = { cpus: Number.NaN, memoryBytes: Number.NaN };

/** The slot of time that a moment falls into: they are as long as the period, and numbered. */
export function slotAt(ms: number): number {
  return Math.floor(ms / usagePeriodMs);
}

/** The last hour's samples of one task, one a slot: 2,880 bytes, however long it runs. */
export class UsageHistory {
  /** Processors in the first half, bytes in the second: each slot has one place for ever. */
  readonly #values = new Float32Array(2 * usageSamples).fill(Number.NaN);
  #newest: number | undefined;

  /** The last slot that was written. */
  get newest(): number | undefined {
    return this.#newest;
  }

  at(slot: number): UsageSample {
    if (this.#newest === undefined || slot > this.#newest || slot <= this.#newest - usageSamples) return unknown;
    const place = slot % usageSamples;
    return { cpus: this.#values[place] ?? Number.NaN, memoryBytes: this.#values[usageSamples + place] ?? Number.NaN };
  }

  /** Slots between the newest one and this become unknown; one that is an hour older than the newest is passed over. */
  put(slot: number, { cpus, memoryBytes }: UsageSample): void {
    const newest = this.#newest ?? slot - 1;
    if (slot <= newest - usageSamples) return;
    for (let skipped = Math.max(newest + 1, slot - usageSamples + 1); skipped < slot; skipped++)
      this.#set(skipped, unknown);
    this.#set(slot, { cpus, memoryBytes });
    this.#newest = Math.max(newest, slot);
  }

  /** Adds to what is in a slot what has changed of one part of the sum. */
  add(slot: number, before: UsageSample, after: UsageSample): void {
    const { cpus, memoryBytes } = this.at(slot);
    this.put(slot, {
      cpus: changedSum(cpus, before.cpus, after.cpus),
      memoryBytes: changedSum(memoryBytes, before.memoryBytes, after.memoryBytes),
    });
  }

  /** The samples of the slots from `first` to `last`, an hour's at most. */
  series(first: number, last: number): UsageSeries {
    const from = Math.max(first, last - usageSamples + 1);
    const samples = Array.from({ length: Math.max(0, last - from + 1) }, (_, at) => this.at(from + at));
    return { cpus: samples.map(({ cpus }) => cpus), memoryBytes: samples.map(({ memoryBytes }) => memoryBytes) };
  }

  #set(slot: number, { cpus, memoryBytes }: UsageSample): void {
    const place = slot % usageSamples;
    this.#values[place] = cpus;
    this.#values[usageSamples + place] = memoryBytes;
  }
}

/** A sum after one of its parts has changed. What is not known adds nothing; a sum of nothing known is not known. */
function changedSum(sum: number, before: number, after: number): number {
  if (Number.isNaN(before) && Number.isNaN(after)) return sum;
  const rest = (Number.isNaN(sum) ? 0 : sum) - (Number.isNaN(before) ? 0 : before);
  // Rounding must not leave less than nothing.
  return Math.max(0, rest + (Number.isNaN(after) ? 0 : after));
}
