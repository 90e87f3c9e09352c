import { asFault, Fault } from "../lib/fault.ts";
import { type TemplateFunction, text } from "../lib/go-template/functions.ts";
import { expandTemplate } from "../lib/go-template/template.ts";
import { type Struct, show, type Value } from "../lib/go-template/value.ts";
import { type TemplateFacts, templateDot } from "../model/template-facts.ts";
import { commonFunctions, templateName } from "../model/template-functions.ts";
import type { TaskDependencies } from "../ports/runtime.ts";
import type { ContainerSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";

/** The only language there is (`--template-driver`). */
const driver = "golang";

/**
 * Fills in secrets and configs that are templates (`--template-driver golang`). Besides what a container's templates
 * can say they have `env NAME` (as the service's spec has it), `secret TARGET` and `config TARGET`: what the task has
 * under that target, itself not filled in (SwarmKit).
 */
export class DataTemplates {
  readonly #dot: Struct;
  readonly #functions: Readonly<Record<string, TemplateFunction>>;

  constructor(spec: ContainerSpec, facts: TemplateFacts, dependencies: TaskDependencies) {
    this.#dot = templateDot(asBytes(facts), "*template.PayloadContext");
    this.#functions = { ...commonFunctions, ...payloadFunctions(spec, dependencies) };
  }

  /** `what` names the secret or config for messages. Fault invalid_argument. */
  expand(what: string, templating: string, data: Uint8Array): Uint8Array {
    const where = `failed to expand templated ${what}`;
    if (templating !== driver) throw new Fault("invalid_argument", `${where}: unrecognized template type`);
    try {
      const options = { name: templateName, dot: this.#dot, functions: this.#functions };
      return Buffer.from(expandTemplate(Buffer.from(data).toString("latin1"), options), "latin1");
    } catch (error) {
      const { code, message } = asFault(error);
      throw new Fault(code, `${where}: ${fromBytes(message)}`, { cause: error });
    }
  }
}

function payloadFunctions(spec: ContainerSpec, dependencies: TaskDependencies): Record<string, TemplateFunction> {
  return {
    env: name => {
      const prefix = `${fromBytes(text(name, "env"))}=`;
      return toBytes(spec.env.find(entry => entry.startsWith(prefix))?.slice(prefix.length) ?? "");
    },
    secret: name => {
      const target = fromBytes(text(name, "secret"));
      const reference = spec.secrets.find(each => each.target.case === "file" && each.target.value.name === target);
      return payload("secret", name, reference && dependencies.secret(reference.secretId)?.spec?.data);
    },
    config: name => {
      const target = fromBytes(text(name, "config"));
      const reference = spec.configs.find(each => each.target.case === "file" && each.target.value.name === target);
      return payload("config", name, reference && dependencies.config(reference.configId)?.spec?.data);
    },
  };
}

function payload(kind: "secret" | "config", target: Value, bytes: Uint8Array | undefined): string {
  if (!bytes) throw new Error(`${kind} target ${show(target)} not found`);
  return Buffer.from(bytes).toString("latin1");
}

/*
 * Secrets and configs are bytes, of any encoding or none. They go through the template as texts of one character a
 * byte, and so must everything that is put into them.
 */

function toBytes(utf16: string): string {
  return Buffer.from(utf16, "utf8").toString("latin1");
}

function fromBytes(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function asBytes({ service, node, task }: TemplateFacts): TemplateFacts {
  return {
    service: { ...inBytes({ id: service.id, name: service.name }), labels: inBytes(service.labels) },
    node: inBytes(node),
    task: inBytes(task),
  };
}

function inBytes<T extends Readonly<Record<string, string>>>(texts: T): T {
  return Object.fromEntries(Object.entries(texts).map(([key, value]) => [toBytes(key), toBytes(value)])) as T;
}
