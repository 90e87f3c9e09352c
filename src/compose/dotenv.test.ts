import { describe, expect, it } from "vitest";
import { parseEnvFile, parseRawEnvFile } from "./dotenv.ts";

const lookup = (name: string): string | undefined => ({ HOME: "/root" })[name];
const parse = (text: string): object => Object.fromEntries(parseEnvFile(text, ".env", lookup));

describe("an env file", () => {
  it.each<[string, object]>([
    ["A=1\nB=2\n", { A: "1", B: "2" }],
    ["\uFEFFA=1\r\nB=2", { A: "1", B: "2" }],
    ["# note\n\n  A = 1  # why\nB=x#y", { A: "1", B: "x#y" }],
    ["export A=1", { A: "1" }],
    ["A: 1", { A: "1" }],
    ["A=", { A: "" }],
    ["A= # nothing", { A: "" }],
    ["A", { A: null }],
    ["A='$HOME \\n #'", { A: "$HOME \\n #" }],
    ['A="$HOME\\n\\"q\\" #" # why', { A: '/root\n"q" #' }],
    ['A="\\$HOME"', { A: "$HOME" }],
    ["A=${HOME}/x", { A: "/root/x" }],
    ["A=1\nB=${A}2\nC=${NO:-d}", { A: "1", B: "12", C: "d" }],
    ["HOME=/other\nA=$HOME", { HOME: "/other", A: "/root" }],
    ['A="one\ntwo"\nB=3', { A: "one\ntwo", B: "3" }],
    ["A=b=c", { A: "b=c" }],
  ])("reads %j", (text, values) => {
    expect(parse(text)).toEqual(values);
  });

  it.each([
    ["A=1\n=2", '.env:2: "=2" is not NAME=VALUE'],
    ["A B", '.env:1: "A B" is not NAME=VALUE'],
    ["\nA='x", ".env:2: a quoted value is not closed"],
    ["A='x' y", '.env:1: " y" follows a quoted value'],
    ["A=${NO:?give it}", ".env:1: required variable NO is missing a value: give it"],
  ])("refuses %j with its line", (text, reason) => {
    expect(() => parse(text)).toThrow(reason);
  });

  it("reads raw ones as they are", () => {
    expect(Object.fromEntries(parseRawEnvFile("# note\nA='x' # y\nB=$HOME\nC\n"))).toEqual({
      A: "'x' # y",
      B: "$HOME",
      C: null,
    });
  });
});
