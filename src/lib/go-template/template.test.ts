import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../fault.ts";
import { expandTemplate, largestResult } from "./template.ts";
import { Struct } from "./value.ts";

const labels = new Map([
  ["b", "second"],
  ["a.b", "dotted"],
  ["a", "first"],
]);
const service = new Struct("struct { Name string; Labels map[string]string }", { Name: "web", Labels: labels });
const dot = new Struct("*template.Context", {
  Service: service,
  Task: new Struct("struct { Slot string }", { Slot: "3" }),
  Ports: [new Map([["Target", 80]]), new Map([["Target", 443]])],
});
const functions = {
  env: (name: unknown) => (name === "X" ? "from env" : ""),
  fails: () => {
    throw new Error("no such thing");
  },
};
const expand = (source: string): string => expandTemplate(source, { name: "expansion", dot, functions });

describe("expandTemplate", () => {
  it.each<[string, string]>([
    ["", ""],
    ["plain }} {", "plain }} {"],
    ["{{.Service.Name}}", "web"],
    ["{{ .Service.Name }}-{{.Task.Slot}}!", "web-3!"],
    ["{{(.Service).Name}}", "web"],
    ["{{$.Service.Name}}", "web"],
    ['{{index .Service.Labels "a.b"}}', "dotted"],
    ['{{index .Service.Labels "none"}}', ""],
    ["{{.Service.Labels.a}}", "first"],
    ["{{.Service.Labels}}", "map[a:first a.b:dotted b:second]"],
    ["{{.Task}}", "{3}"],
    ['{{env "X"}}', "from env"],
    ["{{env `X`}}", "from env"],
    ['{{"X" | env}}', "from env"],
    ['{{env (print "X")}}', "from env"],
    ['{{"quoted .Nonsense }} {{"}}', "quoted .Nonsense }} {{"],
    ['{{"a\\tb\\"c\\u00e9"}}', 'a\tb"cé'],
    ["{{42}} {{-7}} {{true}}", "42 -7 true"],
    ["a {{- /* nothing */ -}} b", "ab"],
    ["a {{/* nothing */}} b", "a  b"],
    ["a\n {{- .Task.Slot -}} \n b", "a3b"],
    ["{{- 3}} {{3 -}} ", "3 3"],
    ['{{printf "%s=%d %q %v%%" .Service.Name 5 "x" true}}', 'web=5 "x" true%'],
    ['{{printf "%s"}}', "%!s(MISSING)"],
    ['{{print "a" 1 true}}', "a1true"],
    ["{{println 1 2}}", "1 2\n"],
    ["{{len .Service.Labels}}{{len .Service.Name}}{{len .Ports}}", "332"],
    ["{{range .Ports}}{{.Target}},{{end}}", "80,443,"],
    ["{{range $i, $port := .Ports}}{{$i}}:{{$port.Target}} {{end}}", "0:80 1:443 "],
    ["{{(index .Ports 1).Target}} {{.Ports}}", "443 [map[Target:80] map[Target:443]]"],
    ['{{if eq .Task.Slot "3"}}yes{{else}}no{{end}}', "yes"],
    ['{{if ne .Task.Slot "3"}}yes{{else}}no{{end}}', "no"],
    ['{{if eq .Task.Slot "1"}}a{{else if eq .Task.Slot "2" "3"}}b{{else}}c{{end}}', "b"],
    ['{{if and .Service.Name (not "")}}both{{end}}', "both"],
    ['{{or "" .Service.Name "x"}} {{and "a" "" "b"}}', "web "],
    ["{{with .Service}}{{.Name}} {{$.Task.Slot}}{{end}}", "web 3"],
    ['{{with ""}}full{{else}}empty{{end}}', "empty"],
    ["{{with $x := .Service.Name}}{{$x}}{{end}}", "web"],
    ["{{$x := .Service}}{{$x.Name}}", "web"],
    ["{{range .Service.Labels}}{{.}},{{end}}", "first,dotted,second,"],
    ["{{range $v := .Service.Labels}}{{$v}},{{end}}", "first,dotted,second,"],
    ["{{range $k, $v := .Service.Labels}}{{$k}}={{$v}} {{end}}", "a=first a.b=dotted b=second "],
  ])("%j is %j", (source, expected) => {
    expect(expand(source)).toBe(expected);
  });

  const at = (place: string, expression: string, reason: string): string =>
    `template: expansion:${place}: executing "expansion" at <${expression}>: ${reason}`;

  it.each<[string, string]>([
    ["{{", "template: expansion:1: unclosed action"],
    ["{{.Service.Name", "template: expansion:1: unclosed action"],
    ["a\nb {{.Service}}\n{{", "template: expansion:3: unclosed action"],
    ["{{/* a", "template: expansion:1: unclosed comment"],
    ["{{/* a */ .Task}}", "template: expansion:1: comment ends before closing delimiter"],
    ['{{"a}}', "template: expansion:1: unterminated quoted string"],
    ["{{`a}}", "template: expansion:1: unterminated raw quoted string"],
    ["{{#}}", "template: expansion:1: unrecognized character in action: U+0023 '#'"],
    ["{{}}", "template: expansion:1: missing value for command"],
    ["{{.Task | }}", "template: expansion:1: missing value for command"],
    ["{{if}}{{end}}", "template: expansion:1: missing value for if"],
    ["{{if true}}", "template: expansion:1: unexpected EOF"],
    ["{{end}}", "template: expansion:1: unexpected {{end}}"],
    ["{{else}}", "template: expansion:1: unexpected {{else}}"],
    ["{{if true}}{{else}}{{else}}{{end}}", "template: expansion:1: expected end; found {{else}}"],
    ["{{(.Task}}", "template: expansion:1: unclosed left paren"],
    ["{{.Task)}}", 'template: expansion:1: unexpected ")" in command'],
    ["{{$x}}", 'template: expansion:1: undefined variable "$x"'],
    ["{{with $x := 1}}{{end}}{{$x}}", 'template: expansion:1: undefined variable "$x"'],
    ['{{secret "x"}}', 'template: expansion:1: function "secret" not defined'],
    ["{{constructor}}", 'template: expansion:1: function "constructor" not defined'],
    ['x{{define "a"}}', "template: expansion:1:3: {{define}} is not supported"],
    ["{{break}}", "template: expansion:1:2: {{break}} is not supported"],
    ["{{1.5}}", 'template: expansion:1:2: the number "1.5" is not supported'],
    ["{{'a'}}", "template: expansion:1:2: a character constant is not supported"],
    ["{{$ = 1}}", "template: expansion:1:4: assigning to a variable is not supported"],
    ["{{.Nonsense}}", at("1:2", ".Nonsense", "can't evaluate field Nonsense in type *template.Context")],
    ["\n {{.Service.No}}", at("2:11", ".Service.No", `can't evaluate field No in type ${service.type}`)],
    ["{{.Service.Name.No}}", at("1:10", ".Service.Name.No", "can't evaluate field No in type string")],
    ["{{.Service.Labels.no}}", at("1:10", ".Service.Labels.no", 'map has no entry for key "no"')],
    ["{{.Service.Name 1}}", at("1:2", ".Service.Name", "can't give argument to non-function .Service.Name")],
    ["{{fails}}", at("1:2", "fails", "error calling fails: no such thing")],
    ["{{fails 1 | not}}", at("1:2", "fails 1", "error calling fails: no such thing")],
    ["{{not 1 2}}", at("1:2", "not 1 2", "error calling not: wrong number of args: want 1 got 2")],
    ['{{eq 1 "a"}}', at("1:2", 'eq 1 "a"', "error calling eq: incompatible types for comparison")],
    ["{{range .Task.Slot}}{{end}}", at("1:8", ".Task.Slot", "range can't iterate over 3")],
    ['{{printf "%08d" 1}}', at("1:2", 'printf "%08d" 1', `error calling printf: printf's "%0" is not supported`)],
  ])("refuses %j", (source, reason) => {
    expect(() => expand(source)).toThrow(new Fault("invalid_argument", reason));
  });

  it("refuses to nest without end, and to grow without end", () => {
    expect(() => expand(`{{${"(".repeat(20_000)}}}`)).toThrow("nesting more than 100 levels deep is not supported");
    expect(() => expand("{{if true}}".repeat(20_000))).toThrow("nesting more than 100 levels deep is not supported");
    const big = "x".repeat(largestResult / 2);
    expect(() => expand(`{{range .Service.Labels}}${big}{{end}}`)).toThrow("it becomes larger than 4194304 bytes");
  });

  it("makes a text or a Fault of anything", () => {
    const words =
      '{{ }} {{- -}} .Service .Task.Slot .Labels $ $x := | ( ) , if else end range with and index eq env "X" `a` 1 -2 . /* */ \n';
    const piece = fc.oneof(fc.constantFrom(...words.split(" ")), fc.constant(" "), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
        const source = pieces.join("");
        try {
          expect(typeof expand(source)).toBe("string");
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          expect((error as Fault).message).toMatch(/^template: expansion:/);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it("takes no time for what only looks like a template", () => {
    const started = performance.now();
    expect(expand(`${" ".repeat(300_000)}x{{- 1}}`)).toHaveLength(300_002);
    for (const source of [
      "{{-".repeat(20_000),
      `{{"${"\\".repeat(100_000)}`,
      "{{ ".repeat(30_000),
      `{{${" ".repeat(100_000)}`,
    ])
      expect(() => expand(source)).toThrow(Fault);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
