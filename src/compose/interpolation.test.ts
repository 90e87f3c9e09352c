import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InterpolationError, interpolate } from "./interpolation.ts";

const variables: Readonly<Record<string, string>> = { SET: "value", EMPTY: "", OTHER: "x", _a1: "under" };

function expand(text: string): { result: string; unset: string[] } {
  const unset: string[] = [];
  const result = interpolate(text, { lookup: name => variables[name], unset: name => unset.push(name) });
  return { result, unset };
}

describe("interpolation", () => {
  it.each([
    ["plain", "plain"],
    ["$SET", "value"],
    ["${SET}", "value"],
    ["a${SET}b$OTHER-c", "avaluebx-c"],
    ["$_a1", "under"],
    ["$$SET $${SET} $$$$", "$SET ${SET} $$"],
    ["${SET:-d} ${EMPTY:-d} ${NO:-d}", "value d d"],
    ["${SET-d}|${EMPTY-d}|${NO-d}", "value||d"],
    ["${SET:+i}|${EMPTY:+i}|${NO:+i}", "i||"],
    ["${SET+i}|${EMPTY+i}|${NO+i}", "i|i|"],
    ["${SET:?needed}${SET?needed}${EMPTY?needed}", "valuevalue"],
    ["${NO:-${SET}}", "value"],
    ["${NO:-a${NO2:-b${OTHER}}}c", "abxc"],
    ["${NO:-http://h:80/?q=1}", "http://h:80/?q=1"],
    ["${NO:-}", ""],
    ["${SET:-${NO:?never looked at}}", "value"],
  ])("makes of %s", (text, result) => {
    expect(expand(text)).toEqual({ result, unset: [] });
  });

  it("tells which variables are not set, and takes nothing for them", () => {
    expect(expand("<$NO ${NO2}>")).toEqual({ result: "< >", unset: ["NO", "NO2"] });
  });

  it.each([
    ["${NO:?say why}", "required variable NO is missing a value: say why"],
    ["${EMPTY:?$SET}", "required variable EMPTY is missing a value: value"],
    ["${NO?}", "required variable NO is missing a value: "],
    ["${SET", "goes on with something that is no operator"],
    ["${SET:-x", "is not closed"],
    ["${}", 'a "${" must be followed by a name'],
    ["${1A}", 'a "${" must be followed by a name'],
    ["${SET!}", "goes on with something that is no operator"],
    ["a $ b", 'a "$" must be followed by a name, or written "$$"'],
    ["$5", 'a "$" must be followed by a name'],
  ])("refuses %s", (text, reason) => {
    expect(() => expand(text)).toThrow(reason);
  });

  it("makes a text or an InterpolationError of anything", () => {
    const parts = fc.array(fc.constantFrom("$", "{", "}", ":-", "?", "+", "SET", "NO", "$$", " ", "é"), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(parts, chosen => {
        try {
          expect(typeof expand(chosen.join("")).result).toBe("string");
        } catch (error) {
          expect(error).toBeInstanceOf(InterpolationError);
        }
      }),
    );
  });
});
