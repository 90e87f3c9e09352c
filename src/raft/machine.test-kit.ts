import type { Entry, Index, Snapshot } from "./entry.ts";

/** A register that remembers only its last write, and a digest of all that led there. */
export class TestMachine {
  /** The last entry that was applied. */
  index: Index = 0n;
  /** The entry of the last write. */
  version: Index = 0n;
  value = 0;
  digest = 0;

  constructor(snapshot?: Snapshot) {
    if (!snapshot) return;
    const view = new DataView(snapshot.data.buffer, snapshot.data.byteOffset);
    this.index = snapshot.index;
    this.version = view.getBigUint64(0);
    this.value = view.getUint32(8);
    this.digest = view.getUint32(12);
  }

  apply(entry: Entry): void {
    if (entry.index !== this.index + 1n) throw new Error(`entry ${entry.index} was applied after ${this.index}`);
    this.index = entry.index;
    const operation = entry.kind === "data" && entry.data.length > 0 ? operationOf(entry.data) : 0;
    this.digest = (Math.imul(this.digest ^ operation, 0x01000193) + Number(entry.term) + 1) >>> 0;
    if (operation === 0) return;
    this.version = entry.index;
    this.value = operation;
  }

  encode(): Uint8Array {
    const data = new Uint8Array(16);
    const view = new DataView(data.buffer);
    view.setBigUint64(0, this.version);
    view.setUint32(8, this.value);
    view.setUint32(12, this.digest);
    return data;
  }
}

/** An operation is a number from 1 on; padded, so that limits in bytes can be reached. */
export function operationBytes(operation: number, padding = 0): Uint8Array {
  const data = new Uint8Array(4 + padding);
  new DataView(data.buffer).setUint32(0, operation);
  return data;
}

export function operationOf(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset).getUint32(0);
}
