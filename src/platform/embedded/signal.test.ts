import { describe, expect, it } from "vitest";
import { endsByDefault, signalNumber } from "./signal.ts";

describe("stop signals", () => {
  it.each([
    ["", 15],
    ["SIGTERM", 15],
    ["term", 15],
    ["SIGINT", 2],
    ["9", 9],
    ["SIGUSR1", 10],
    ["SIGRTMIN+3", 37],
    ["RTMAX", 64],
  ])("%j is %i", (name, number) => expect(signalNumber(name)).toBe(number));

  it.each(["SIGBOGUS", "0", "65", "-1", "RTMAX+1"])("refuses %j", name => {
    expect(() => signalNumber(name)).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: `Invalid signal: ${name}` }),
    );
  });

  it.each([
    ["SIGTERM, no handler", 15, 0n, 0n, true],
    ["SIGTERM, caught", 15, 1n << 14n, 0n, false],
    ["SIGTERM, ignored", 15, 0n, 1n << 14n, false],
    ["SIGTERM, another one caught", 15, 1n << 1n, 0n, true],
    ["SIGWINCH, no handler", 28, 0n, 0n, false],
  ])("%s", (_case, signal, caught, ignored, ends) => {
    expect(endsByDefault(signal, { caught, ignored })).toBe(ends);
  });
});
