import { describe, expect, it } from "vitest";
import { maxJsonDepth, parseJson } from "./json-text.ts";

/** Texts as Go 1.19's encoding/json gives them. */
const BROKEN: readonly (readonly [string, string])[] = [
  ["{", "unexpected EOF"],
  ['{"a', "unexpected EOF"],
  ['{"a":', "unexpected EOF"],
  ['["a",', "unexpected EOF"],
  ["tru", "unexpected EOF"],
  ["-", "unexpected EOF"],
  ["1.", "unexpected EOF"],
  ['"\\u12', "unexpected EOF"],
  ["notjson", "invalid character 'o' in literal null (expecting 'u')"],
  ["falsy", "invalid character 'y' in literal false (expecting 'e')"],
  ["x", "invalid character 'x' looking for beginning of value"],
  ["'a'", "invalid character '\\'' looking for beginning of value"],
  ["{a:1}", "invalid character 'a' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ["[1 2]", "invalid character '2' after array element"],
  ["[1,]", "invalid character ']' looking for beginning of value"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
  ["-a", "invalid character 'a' in numeric literal"],
  ["1.a", "invalid character 'a' after decimal point in numeric literal"],
  ["1ea", "invalid character 'a' in exponent of numeric literal"],
  ["{} {}", "invalid character '{' after top-level value"],
  ["01", "invalid character '1' after top-level value"],
];

describe("parseJson", () => {
  it.each(BROKEN)("explains %s", (source, message) => {
    expect(() => parseJson(source)).toThrow(expect.objectContaining({ status: 400, message }));
  });

  it("replaces halves of surrogate pairs, which UTF-8 cannot carry, and nothing else", () => {
    const source = '{"\\ud800k":["\\udc00","\\ud83d\\ude00","\\\\ud800","\\uD800\\ud83d\\uDE00"]}';
    expect(parseJson(source)).toEqual({ "\ufffdk": ["\ufffd", "\u{1f600}", "\\ud800", "\ufffd\u{1f600}"] });
  });

  it("reads what is whole", () => {
    expect(parseJson(' {"a":[1,-2.5e3,"\\u00e9\\"[",true,null],"b":{}} ')).toEqual({
      a: [1, -2500, 'é"[', true, null],
      b: {},
    });
  });

  it("refuses nesting beyond its limit, and counts no brackets in strings", () => {
    const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    expect(parseJson(nested(maxJsonDepth))).toBeDefined();
    expect(() => parseJson(nested(maxJsonDepth + 1))).toThrow("exceeded max depth");
    expect(() => parseJson("[".repeat(1_000_000))).toThrow("exceeded max depth");
    expect(parseJson(JSON.stringify("[".repeat(1000)))).toHaveLength(1000);
  });
});
