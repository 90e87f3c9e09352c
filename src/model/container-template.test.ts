import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { type ContainerSpec, ContainerSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { expandContainer } from "./container-template.ts";
import type { TemplateFacts } from "./template-facts.ts";

const facts: TemplateFacts = {
  service: { id: "s1", name: "web", labels: { tier: "front", "a.b": "dotted" } },
  node: { id: "n1", hostname: "host1", architecture: "x86_64", os: "linux" },
  task: { id: "t1", name: "web.2.t1", slot: "2" },
};

const expand = (init: Parameters<typeof create<typeof ContainerSpecSchema>>[1]): ContainerSpec =>
  expandContainer(create(ContainerSpecSchema, init), facts);

const everything = [
  "{{.Service.ID}} {{.Service.Name}} {{.Service.Labels.tier}}",
  "{{.Node.ID}} {{.Node.Hostname}} {{.Node.Platform.OS}}/{{.Node.Platform.Architecture}}",
  "{{.Task.ID}} {{.Task.Name}} {{.Task.Slot}}",
].join(" ");
const expanded = "s1 web front n1 host1 linux/x86_64 t1 web.2.t1 2";

describe("expandContainer", () => {
  it("fills in the values of variables, and leaves their names alone", () => {
    const env = [`ALL=${everything}`, "{{.Task.Slot}}={{.Task.Slot}}=3", "BARE", "{{.Task.Slot}}", "EMPTY="];
    expect(expand({ env }).env).toEqual([`ALL=${expanded}`, "{{.Task.Slot}}=2=3", "BARE", "{{.Task.Slot}}", "EMPTY="]);
  });

  it("fills in the hostname, and leaves what is no template alone", () => {
    const args = ["{{.Task.Slot}}"];
    const spec = expand({ hostname: '{{join "-" .Service.Name .Task.Slot}}', image: "{{.Task.Slot}}", args });
    expect(spec).toMatchObject({ hostname: "web-2", image: "{{.Task.Slot}}", args });
  });

  it("fills in mounts: source, target, and a volume's labels and driver options", () => {
    const { mounts } = expand({
      mounts: [
        { source: "/data/{{.Task.Slot}}", target: "/{{.Service.Name}}", readonly: true },
        {
          source: "{{.Service.Name}}-{{.Task.Slot}}",
          target: "/v",
          volumeOptions: {
            nocopy: true,
            labels: { slot: "{{.Task.Slot}}", "{{.Task.Slot}}": "x" },
            driverConfig: { name: "local", options: { device: "/{{.Node.Hostname}}" } },
          },
        },
      ],
    });
    expect(mounts).toMatchObject([
      { source: "/data/2", target: "/web", readonly: true },
      {
        source: "web-2",
        volumeOptions: {
          nocopy: true,
          labels: { slot: "2", "{{.Task.Slot}}": "x" },
          driverConfig: { name: "local", options: { device: "/host1" } },
        },
      },
    ]);
  });

  const unclosed = "template: expansion:1: unclosed action";
  it.each<[string, Parameters<typeof expand>[0], string]>([
    ["a variable", { env: ["A=1", "B={{"] }, `expanding env failed: expanding env "B={{": ${unclosed}`],
    [
      "a mount's source",
      { mounts: [{ source: "{{", target: "/t" }] },
      `expanding mounts failed: expanding mount source "{{": ${unclosed}`,
    ],
    [
      "a mount's target",
      { mounts: [{ target: "{{" }] },
      `expanding mounts failed: expanding mount target "{{": ${unclosed}`,
    ],
    [
      "a volume's label",
      { mounts: [{ volumeOptions: { labels: { k: "{{" } } }] },
      `expanding mounts failed: expanding volume labels: expanding map entry "k"="{{": ${unclosed}`,
    ],
    [
      "a volume's option",
      { mounts: [{ volumeOptions: { driverConfig: { options: { k: "{{" } } } }] },
      `expanding mounts failed: expanding volume driver config: expanding map entry "k"="{{": ${unclosed}`,
    ],
    ["the hostname", { hostname: "{{" }, `expanding hostname failed: ${unclosed}`],
    [
      "an unknown field",
      { hostname: "{{.Node.Labels}}" },
      'expanding hostname failed: template: expansion:1:7: executing "expansion" at <.Node.Labels>: can\'t evaluate field Labels in type struct { ID string; Hostname string; Platform template.Platform }',
    ],
  ])("says where it is wrong: %s", (_, init, message) => {
    expect(() => expand(init)).toThrow(new Fault("invalid_argument", message));
  });
});
