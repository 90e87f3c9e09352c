import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import type { TaskDependencies } from "../ports/runtime.ts";
import { sampleTask } from "../sim/samples.ts";
import { type Config, ConfigSchema, type Secret, SecretSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type ContainerSpecSchema, TaskSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema, NodeDescriptionSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { withoutTemplates } from "./templated-task.ts";

const node = create(NodeDescriptionSchema, { hostname: "höst", platform: { os: "linux", architecture: "x86_64" } });
const file = (name: string) => ({ case: "file", value: { name } }) as const;
const references = {
  env: ["GREETING=hällo", "SLOT={{.Task.Slot}}"],
  secrets: [
    { secretId: "key", secretName: "key", target: file("key") },
    { secretId: "tpl", secretName: "tpl", target: file("tpl") },
  ],
  configs: [
    { configId: "plain", configName: "plain", target: file("/etc/plain") },
    { configId: "page", configName: "page", target: file("/page") },
  ],
};

type Data = Uint8Array | string;
const bytes = (data: Data): Uint8Array => (typeof data === "string" ? Buffer.from(data) : data);

/** What the task finds in config "page" when that has `page` in it. */
function page(page: Data, more: { key?: Data; driver?: string; slot?: bigint } = {}): Uint8Array {
  const { key = "hidden", driver = "golang", slot = 2n } = more;
  const value = references as MessageInitShape<typeof ContainerSpecSchema>;
  const spec = create(TaskSpecSchema, { runtime: { case: "container", value: value as never } });
  const serviceAnnotations = create(AnnotationsSchema, { name: "web", labels: { tier: "front" } });
  const task = { ...sampleTask("t1"), spec, slot, serviceAnnotations, serviceId: "s1", nodeId: "n1" };
  const named = (name: string, data: Data, templating?: string) => ({
    id: name,
    spec: { annotations: { name }, data: bytes(data), ...(templating ? { templating: { name: templating } } : {}) },
  });
  const secrets: Record<string, Secret> = {
    key: create(SecretSchema, named("key", key)),
    tpl: create(SecretSchema, named("tpl", 'x{{config "/etc/plain"}}x', "golang")),
  };
  const configs: Record<string, Config> = {
    plain: create(ConfigSchema, named("plain", "{{.Left.Alone}}")),
    page: create(ConfigSchema, named("page", page, driver)),
  };
  const dependencies: TaskDependencies = { secret: id => secrets[id], config: id => configs[id] };
  const made = withoutTemplates(task, dependencies, node);
  expect(Buffer.from(made.dependencies.config("plain")?.spec?.data ?? []).toString()).toBe("{{.Left.Alone}}");
  expect(Buffer.from(made.dependencies.secret("tpl")?.spec?.data ?? []).toString()).toBe("x{{.Left.Alone}}x");
  expect(made.dependencies.secret("nowhere")).toBeUndefined();
  expect(made.task.spec.runtime.value).toMatchObject({ env: ["GREETING=hällo", `SLOT=${slot || "n1"}`] });
  expect(configs.page?.spec?.data).toEqual(bytes(page));
  return made.dependencies.config("page")?.spec?.data ?? new Uint8Array();
}

describe("withoutTemplates", () => {
  it.each<[string, string]>([
    ["no template", "no template"],
    ["{{.Service.Name}}.{{.Task.Slot}} on {{.Node.Hostname}} ({{.Node.Platform.OS}})", "web.2 on höst (linux)"],
    ['{{env "GREETING"}}{{env "NONE"}}!', "hällo!"],
    // SwarmKit: as the service's spec has it.
    ['{{env "SLOT"}}', "{{.Task.Slot}}"],
    ['[{{secret "key"}}] [{{config "/etc/plain"}}]', "[hidden] [{{.Left.Alone}}]"],
    ['{{secret "tpl"}}', 'x{{config "/etc/plain"}}x'],
    ["{{if .Service.Labels.tier}}tier={{.Service.Labels.tier}}\n{{end -}}\n end", "tier=front\nend"],
  ])("makes %j of a config", (template, expected) => {
    expect(Buffer.from(page(template)).toString()).toBe(expected);
  });

  it("has a global service's task take its node for its slot", () => {
    expect(Buffer.from(page("{{.Task.Slot}} {{.Task.Name}}", { slot: 0n })).toString()).toBe("n1 web.n1.t1");
  });

  it("keeps bytes that are no text", () => {
    const odd = Uint8Array.from([0, 255, 128, 10, 195]);
    const template = Buffer.concat([odd, Buffer.from('{{secret "key"}}')]);
    expect(page(template, { key: odd })).toEqual(Buffer.concat([odd, odd]));
  });

  const executing = (place: string, expression: string): string =>
    `failed to expand templated config page: template: expansion:${place}: executing "expansion" at <${expression}>:`;

  it.each<[string, string]>([
    ["{{", "failed to expand templated config page: template: expansion:1: unclosed action"],
    ['{{secret "nö"}}', `${executing("1:2", 'secret "nö"')} error calling secret: secret target nö not found`],
    ['{{config "no"}}', `${executing("1:2", 'config "no"')} error calling config: config target no not found`],
    ["{{.No}}", `${executing("1:2", ".No")} can't evaluate field No in type *template.PayloadContext`],
    ["\n\n{{.Service.Labels.no}}", `${executing("3:10", ".Service.Labels.no")} map has no entry for key "no"`],
  ])("says what is wrong with %j", (template, message) => {
    expect(() => page(template)).toThrow(new Fault("invalid_argument", message));
  });

  it("knows no other language", () => {
    const message = "failed to expand templated config page: unrecognized template type";
    expect(() => page("x", { driver: "jinja" })).toThrow(new Fault("invalid_argument", message));
  });
});
