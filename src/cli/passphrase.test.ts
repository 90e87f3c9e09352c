import { afterEach, describe, expect, it } from "vitest";
import { askPassphrase, firstLine } from "./passphrase.ts";

describe("a passphrase file", () => {
  it.each([
    ["one two three", "one two three"],
    ["one two three\n", "one two three"],
    ["one two three\r\n", "one two three"],
    ["  blanks count \nnot this", "  blanks count "],
  ])("has it in its first line: %j", (text, passphrase) => {
    expect(firstLine(text, "here")).toBe(passphrase);
  });

  it.each(["", "\n", "\nsecond line"])("is refused without one: %j", text => {
    expect(() => firstLine(text, '"pass.txt"')).toThrow('There is no passphrase in the first line of "pass.txt"');
  });
});

describe("asking for a passphrase", () => {
  const { isTTY } = process.stdin;
  afterEach(() => {
    process.stdin.isTTY = isTTY;
  });

  it("needs a terminal", async () => {
    process.stdin.isTTY = false;
    await expect(askPassphrase("once")).rejects.toThrow("use --passphrase-file");
  });
});
