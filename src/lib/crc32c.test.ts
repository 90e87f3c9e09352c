import { expect, it } from "vitest";
import { crc32c } from "./crc32c.ts";

it.each([
  [new TextEncoder().encode("123456789"), 0xe3069283],
  [new Uint8Array(32), 0x8a9136aa],
  [new Uint8Array(32).fill(0xff), 0x62a8ab43],
  [new Uint8Array(0), 0],
])("matches RFC 3720's vectors", (bytes, sum) => {
  expect(crc32c(bytes)).toBe(sum);
});

it("goes on from an earlier part", () => {
  const whole = new TextEncoder().encode("consensus");
  expect(crc32c(whole.subarray(4), crc32c(whole.subarray(0, 4)))).toBe(crc32c(whole));
});
