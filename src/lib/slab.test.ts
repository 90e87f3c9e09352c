import fc from "fast-check";
import { expect, it } from "vitest";
import { Slab } from "./slab.ts";

it("keeps copies apart, of whatever length", () => {
  const lengths = fc.array(fc.oneof(fc.nat(3_000), fc.constantFrom(0, 16_383, 16_384, 70_000)), { maxLength: 100 });
  fc.assert(
    fc.property(lengths, sizes => {
      const slab = new Slab();
      const given = sizes.map((size, at) => new Uint8Array(size).fill(at + 1));
      const kept = given.map(bytes => {
        const scratch = bytes.slice();
        const copy = slab.copy(scratch);
        scratch.fill(0);
        return copy;
      });
      expect(kept.every((copy, at) => Buffer.from(copy).equals(given[at]!))).toBe(true);
      expect(kept.some(copy => Buffer.isBuffer(copy))).toBe(false);
    }),
    { numRuns: 30 },
  );
});

it("shares memory between what is small alone", () => {
  const slab = new Slab();
  const [first, second, big] = [100, 100, 100_000].map(size => slab.copy(new Uint8Array(size)));
  expect(second?.buffer).toBe(first?.buffer);
  expect(big?.buffer.byteLength).toBe(100_000);
});
