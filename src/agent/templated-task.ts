import { expandContainer } from "../model/container-template.ts";
import type { Task } from "../model/task.ts";
import { factsOf } from "../model/template-facts.ts";
import type { TaskDependencies } from "../ports/runtime.ts";
import type { NodeDescription } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { DataTemplates } from "./data-templates.ts";

/** A task as a runtime is to see it: nothing in it is a template any more. */
export interface PlainTask {
  readonly task: Task;
  readonly dependencies: TaskDependencies;
}

/**
 * Fills in the templates of a task's container, and of the secrets and configs it refers to, for the node it is to run
 * on. Faults invalid_argument with SwarmKit's texts; for a secret or config when it is asked for.
 */
export function withoutTemplates(task: Task, dependencies: TaskDependencies, node: NodeDescription): PlainTask {
  const { runtime } = task.spec;
  if (runtime.case !== "container") return { task, dependencies };
  const facts = factsOf(task, node);
  const value = expandContainer(runtime.value, facts);
  const templates = new DataTemplates(runtime.value, facts, dependencies);
  return {
    task: { ...task, spec: { ...task.spec, runtime: { case: "container", value } } },
    dependencies: {
      secret: id => {
        const secret = dependencies.secret(id);
        if (!secret?.spec?.templating) return secret;
        const { name } = secret.spec.annotations ?? { name: id };
        const data = templates.expand(`secret ${name}`, secret.spec.templating.name, secret.spec.data);
        return { ...secret, spec: { ...secret.spec, data } };
      },
      config: id => {
        const config = dependencies.config(id);
        if (!config?.spec?.templating) return config;
        const { name } = config.spec.annotations ?? { name: id };
        const data = templates.expand(`config ${name}`, config.spec.templating.name, config.spec.data);
        return { ...config, spec: { ...config.spec, data } };
      },
    },
  };
}
