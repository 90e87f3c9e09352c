import { describe, expect, it } from "vitest";
import { formatUnlockKey, parseUnlockKey } from "./unlock-key.ts";

describe("a key that unlocks managers", () => {
  it("is written as Docker writes it and read back", () => {
    const key = new Uint8Array(32).map((_, at) => at * 7);
    const text = formatUnlockKey(key);
    expect(text).toMatch(/^SWMKEY-1-[A-Za-z0-9+/]{43}$/);
    expect(parseUnlockKey(text)).toEqual(key);
  });

  it.each(["", "SWMKEY-1-", `SWMKEY-2-${"A".repeat(43)}`, `SWMKEY-1-${"A".repeat(42)}`, `SWMKEY-1-${"A".repeat(44)}`])(
    "is not %j",
    text => expect(() => parseUnlockKey(text)).toThrow(expect.objectContaining({ message: "invalid key string" })),
  );
});
