import { describe, expect, it } from "vitest";
import { invalid } from "./api.test-kit.ts";
import { checkTemplate } from "./template.ts";

describe("checkTemplate", () => {
  it.each([
    "",
    "plain",
    "}} {",
    "{{.Node.Hostname}}-{{ .Task.Slot }}",
    '{{index .Service.Labels "a.b"}}',
    '{{join "-" .Service.Name .Task.Name}}',
    '{{"quoted .Nonsense"}}',
  ])("lets %j pass", text => {
    expect(() => checkTemplate(text, "where")).not.toThrow();
  });

  it.each<[string, string]>([
    ["{{.Node.Hostname", "template: expansion:1: unclosed action"],
    ["a\nb {{.Node.ID}}\n{{", "template: expansion:3: unclosed action"],
    [
      "{{.Nonsense}}",
      'template: expansion:1: executing "expansion" at <.Nonsense>: can\'t evaluate field Nonsense in type template.Context',
    ],
  ])("refuses %j", (text, reason) => {
    expect(() => checkTemplate(text, "expanding hostname failed")).toThrow(
      invalid(`expanding hostname failed: ${reason}`) as Error,
    );
  });
});
