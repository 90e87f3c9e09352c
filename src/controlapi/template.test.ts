import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ContainerSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { invalid } from "./api.test-kit.ts";
import { triedTemplates } from "./template.ts";

const tried = (hostname: string) => triedTemplates(create(ContainerSpecSchema, { hostname }));

describe("triedTemplates", () => {
  it.each([
    ["", ""],
    ["plain", "plain"],
    ["}} {", "}} {"],
    ["{{.Node.Hostname}}-{{ .Task.Slot }}", "nodeHostname-1"],
    ['{{index .Service.Labels "a.b"}}', ""],
    ['{{join "-" .Service.Name .Task.Name}}', "servicename-taskname"],
    ['{{"quoted .Nonsense"}}', "quoted .Nonsense"],
  ])("tries %j", (text, expected) => {
    expect(tried(text).hostname).toBe(expected);
  });

  it.each<[string, string]>([
    ["{{.Node.Hostname", "template: expansion:1: unclosed action"],
    ["a\nb {{.Node.ID}}\n{{", "template: expansion:3: unclosed action"],
    ['{{secret "key"}}', 'template: expansion:1: function "secret" not defined'],
    [
      "{{.Nonsense}}",
      'template: expansion:1:2: executing "expansion" at <.Nonsense>: can\'t evaluate field Nonsense in type *template.Context',
    ],
    [
      "{{.Service.Labels.tier}}",
      'template: expansion:1:10: executing "expansion" at <.Service.Labels.tier>: map has no entry for key "tier"',
    ],
  ])("refuses %j", (text, reason) => {
    expect(() => tried(text)).toThrow(invalid(`expanding hostname failed: ${reason}`) as Error);
  });
});
