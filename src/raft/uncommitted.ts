import { type Index, type Payload, payloadBytes, totalBytes } from "./entry.ts";
import type { Limits } from "./options.ts";

/** What a leader took in and has not committed yet: a bound on it pushes back on proposers when followers are slow. */
export class Uncommitted {
  readonly #maxBytes: number;
  #batches: { readonly last: Index; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Something that is too much by itself is still let in when nothing else waits: it would never get in otherwise. */
  hasRoomFor(payloads: readonly Payload[]): boolean {
    return this.#bytes === 0 || this.#bytes + totalBytes(payloads) <= this.#maxBytes;
  }

  add(payloads: readonly Payload[], last: Index): void {
    const bytes = totalBytes(payloads);
    this.#batches.push({ last, bytes });
    this.#bytes += bytes;
  }

  committed(index: Index): void {
    let count = 0;
    for (const { last, bytes } of this.#batches) {
      if (last > index) break;
      this.#bytes -= bytes;
      count += 1;
    }
    if (count > 0) this.#batches.splice(0, count);
  }
}

/** Whether one of them must not get into any log. */
export function isTooLarge(payloads: readonly Payload[], { maxEntryBytes }: Limits): boolean {
  return payloads.some(payload => payloadBytes(payload) > maxEntryBytes);
}
