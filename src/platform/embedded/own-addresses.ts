import { createHash } from "node:crypto";

/**
 * Gives things that are to be found by name addresses of this machine's own. On Linux all of 127.0.0.0/8 leads to the machine
 * itself, without anybody's leave; of that 127.64.0.0/10 is used. An address follows from the node and the key, so that several
 * daemons of one machine, and one daemon after the other, come to no quarrel.
 */
export class OwnAddresses {
  readonly #nodeId: string;
  readonly #addresses = new Map<string, string>();
  readonly #taken = new Set<string>();

  constructor(nodeId: string) {
    this.#nodeId = nodeId;
  }

  has(address: string): boolean {
    return this.#taken.has(address);
  }

  of(key: string): string {
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    for (let attempt = 0; ; attempt++) {
      const address = addressFor(`${this.#nodeId}/${key}/${attempt}`);
      if (!this.#taken.has(address)) return this.take(key, address);
    }
  }

  /** The key keeps an address that it was given before. */
  take(key: string, address: string): string {
    this.#addresses.set(key, address);
    this.#taken.add(address);
    return address;
  }

  /** Takes back all that is not needed any more. */
  keepOnly(isNeeded: (key: string) => boolean): void {
    for (const [key, address] of this.#addresses) {
      if (isNeeded(key)) continue;
      this.#addresses.delete(key);
      this.#taken.delete(address);
    }
  }
}

/** 127.64.0.1 to 127.127.255.254. */
function addressFor(text: string): string {
  const [second = 0, third = 0, fourth = 0] = createHash("sha256").update(text).digest();
  return `127.${64 + (second % 64)}.${third}.${1 + (fourth % 254)}`;
}
