import { describe, expect, it } from "vitest";
import { type Filters, parseFilters } from "./filters.ts";

const filters = (text: string, accepted: readonly string[] = ["name", "label"]): Filters =>
  parseFilters(new URLSearchParams({ filters: text }), accepted);

describe("parseFilters", () => {
  it("reads the docker CLI's and docker-py's encoding alike", () => {
    expect(filters('{"name":{"web":true,"db":true}}').get("name")).toEqual(["web", "db"]);
    expect(filters('{"name":["web","db"]}').get("name")).toEqual(["web", "db"]);
    expect(filters('{"name":null}').get("name")).toEqual([]);
    expect(filters("null").has("name")).toBe(false);
    expect(parseFilters(new URLSearchParams(), []).has("name")).toBe(false);
  });

  it.each([
    ['{"bogus":["x"]}', "Invalid filter 'bogus'"],
    ["notjson", "invalid character 'o' in literal null (expecting 'u')"],
    ["[]", "json: cannot unmarshal array into Go struct field filters of type map[string][]string"],
    ['{"name":"web"}', "json: cannot unmarshal string into Go struct field filters.name of type []string"],
    ['{"name":[1]}', "json: cannot unmarshal number 1 into Go struct field filters.name of type string"],
  ])("refuses %s", (text, message) => {
    expect(() => filters(text)).toThrow(expect.objectContaining({ status: 400, message }));
  });

  it("matches labels by key alone and by key and value", () => {
    const labels = { zone: "a", empty: "" };
    const matches = (...entries: string[]) =>
      filters(JSON.stringify({ label: entries })).matchesLabels("label", labels);
    expect(matches("zone")).toBe(true);
    expect(matches("zone=a", "empty=")).toBe(true);
    expect(matches("zone=b")).toBe(false);
    expect(matches("zone=")).toBe(false);
    expect(matches("toString")).toBe(false);
    expect(filters('{"label":["a=b=c","d"]}').pairs("label")).toEqual({ a: "b=c", d: "" });
  });

  it("allows what is listed, or everything when nothing is", () => {
    expect(filters('{"name":["web"]}').allows("name", "web")).toBe(true);
    expect(filters('{"name":["web"]}').allows("name", "db")).toBe(false);
    expect(filters("{}").allows("name", "db")).toBe(true);
  });
});
