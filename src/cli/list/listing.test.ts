import { describe, expect, it } from "vitest";
import { formatted, templateValue } from "./format.ts";
import { type Listing, listText, parseFilters } from "./listing.ts";

const listing: Listing = {
  columns: [
    ["ID", "ID"],
    ["NAME", "Name"],
  ],
  more: [["LABELS", "Labels"]],
};
const rows = [
  { ID: "1", Name: "web", Labels: "a=b" },
  { ID: "2", Name: "a-longer-name", Labels: "" },
];

describe("lists", () => {
  it.each([
    ["table", "ID   NAME\n1    web\n2    a-longer-name"],
    ["table {{.Name}}\\t{{.Labels}}", "NAME            LABELS\nweb             a=b\na-longer-name"],
    ["{{.ID}}: {{upper .Name}}", "1: WEB\n2: A-LONGER-NAME"],
    ["json", '{"ID":"1","Name":"web","Labels":"a=b"}\n{"ID":"2","Name":"a-longer-name","Labels":""}'],
    ["{{json .}}", '{"ID":"1","Name":"web","Labels":"a=b"}\n{"ID":"2","Name":"a-longer-name","Labels":""}'],
  ])("--format %s", (format, text) => {
    expect(listText(listing, rows, format)).toBe(text);
  });

  it("knows what is true of one of them alone", () => {
    const nodes = [
      { ID: "1", Self: true },
      { ID: "2", Self: false },
    ];
    expect(listText(listing, nodes, "{{.ID}}{{if .Self}} *{{end}}")).toBe("1 *\n2");
    expect(listText(listing, nodes, "json")).toBe('{"ID":"1","Self":true}\n{"ID":"2","Self":false}');
    expect(listText({ columns: [["SELF", "Self"]] }, nodes, "table")).toBe("SELF\ntrue\nfalse");
  });

  it("says what it cannot format", () => {
    expect(() => listText(listing, rows, "{{.Nope}}")).toThrow("can't evaluate field Nope");
    expect(() => listText(listing, rows, "{{.Name")).toThrow("Cannot use --format: ");
  });

  it("goes into what inspect shows", () => {
    const value = templateValue({
      Spec: { Name: "web", Args: ["a", "b"], Ports: [{ Target: 80 }] },
      N: 1.5,
      Off: false,
    });
    expect(
      formatted('{{.Spec.Name}} {{join .Spec.Args ","}} {{(index .Spec.Ports 0).Target}} {{.N}} {{.Off}}', value),
    ).toBe("web a,b 80 1.5 false");
    expect(formatted("{{range .Spec.Args}}<{{.}}>{{end}}{{json .Spec.Ports}}", value)).toBe('<a><b>[{"Target":80}]');
  });

  it("parses filters", () => {
    expect(parseFilters(["label=a=b", "label=c", "Name=web"])).toEqual({ label: ["a=b", "c"], name: ["web"] });
    expect(() => parseFilters(["web"])).toThrow('Cannot filter by "web": it must be KEY=VALUE');
  });
});
