import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBase64, toBase64 } from "./base64.ts";

function faultOf(text: string): string {
  try {
    fromBase64(text);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("base64", () => {
  it("brings back every byte", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  it("takes line breaks, and nothing at all", () => {
    expect(fromBase64("czNj\r\ncmV0\nCg=\n=\n")).toEqual(new TextEncoder().encode("s3cret\n"));
    expect(fromBase64("")).toEqual(new Uint8Array());
  });

  // Positions as Go's encoding/base64 reports them.
  it.each([
    ["not base64!", 3],
    ["eA", 0],
    ["eA=", 3],
    ["eA=x", 2],
    ["eA==x", 4],
    ["eHg=x", 4],
    ["=", 0],
    ["e===", 1],
    ["AAAAe", 4],
    ["eA-_", 2],
  ])("says where %j stops being base64", (text, at) => {
    expect(faultOf(text)).toBe(`illegal base64 data at input byte ${at}`);
  });
});
