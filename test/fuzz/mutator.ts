import type { SimRandom } from "../../src/sim/random.ts";

/** A value as JSON has them. */
export type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };

const numbers = [0, 1, -1, 2, 7, 255, 65_536, 2 ** 31, -(2 ** 31), 2 ** 53, -(2 ** 63), 2 ** 64, 1e308, 0.5, 1e-9];
const texts = [
  "",
  " ",
  "a",
  "default",
  "../../etc/passwd",
  "%00",
  "\u0000",
  "\ud800",
  "ünï©ode",
  "-1",
  "true",
  "{{.Service.Name}}",
  "{{range}}",
  "x".repeat(70),
  "y".repeat(5_000),
  "__proto__",
  "constructor",
  "127.0.0.1:2377",
  "node.role==manager",
  "SWMTKN-1-",
];

/** What is done to inputs, by the numbers of one seed. */
export class Mutator {
  readonly random: SimRandom;
  /** Names and ids that mean something at the target at the moment. */
  readonly #known: readonly string[];

  constructor(random: SimRandom, known: readonly string[] = []) {
    this.random = random;
    this.#known = known;
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    return Math.floor(this.random.float() * limit);
  }

  /** True `part` of the time. */
  chance(part: number): boolean {
    return this.random.float() < part;
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  number(): number {
    return this.chance(0.5) ? this.below(20) : this.one(numbers);
  }

  text(): string {
    if (this.#known.length > 0 && this.chance(0.5)) return this.one(this.#known);
    return this.chance(0.5) ? this.one(texts) : Buffer.from(this.random.bytes(this.below(12))).toString("latin1");
  }

  /** The same bytes with some of them changed, dropped, doubled or moved. */
  bytes(input: Uint8Array): Buffer {
    let bytes = Buffer.from(input);
    for (let changes = 1 + this.below(4); changes > 0; changes--) {
      const [from, to] = [this.below(bytes.length + 1), this.below(bytes.length + 1)].sort((a, b) => a - b) as [
        number,
        number,
      ];
      bytes = this.#changed(bytes, from, to);
    }
    return bytes;
  }

  string(input: string): string {
    return this.bytes(Buffer.from(input, "latin1")).toString("latin1");
  }

  /** The same tree with some of its parts replaced, left out, renamed or added. */
  tree(input: Tree): Tree {
    if (this.chance(0.06)) return this.#junk();
    if (Array.isArray(input)) {
      const kept = input.filter(() => !this.chance(0.05)).map(each => this.tree(each));
      return this.chance(0.05) ? [...kept, this.#junk()] : kept;
    }
    if (typeof input === "object" && input !== null) {
      const kept = Object.entries(input).filter(() => !this.chance(0.04));
      const entries = kept.map(([key, value]) => [this.chance(0.02) ? this.text() : key, this.tree(value)] as const);
      return Object.fromEntries(this.chance(0.05) ? [...entries, [this.text(), this.#junk()] as const] : entries);
    }
    if (typeof input === "string" && this.chance(0.1)) return this.chance(0.5) ? this.text() : this.string(input);
    if (typeof input === "number" && this.chance(0.1)) return this.number();
    return input;
  }

  #changed(bytes: Buffer<ArrayBuffer>, from: number, to: number): Buffer<ArrayBuffer> {
    const kind = this.below(6);
    if (kind === 0 && bytes.length > 0) bytes[Math.min(from, bytes.length - 1)] = this.below(256);
    else if (kind === 1) return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    else if (kind === 2) return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
    else if (kind === 3) return Buffer.concat([bytes.subarray(from), bytes.subarray(0, from)]);
    else if (kind === 4) return Buffer.concat([bytes.subarray(0, from), this.random.bytes(8), bytes.subarray(from)]);
    else if (bytes.length > 0) {
      const at = Math.min(from, bytes.length - 1);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << this.below(8));
    }
    return bytes;
  }

  #junk(): Tree {
    const kinds: (() => Tree)[] = [
      () => null,
      () => this.chance(0.5),
      () => this.number(),
      () => this.text(),
      () => [],
      () => ({}),
      () => [this.text(), this.number()],
      () => this.#deep(),
    ];
    return this.one(kinds)();
  }

  #deep(): Tree {
    let tree: Tree = 1;
    for (let depth = this.below(300); depth > 0; depth--) tree = this.chance(0.5) ? [tree] : { a: tree };
    return tree;
  }
}
