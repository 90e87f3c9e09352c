import { expandContainer } from "../model/container-template.ts";
import type { TemplateFacts } from "../model/template-facts.ts";
import type { ContainerSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";

/** A task that may never be. SwarmKit tries templates on one when a service is created; its labels are not known. */
const trial: TemplateFacts = {
  service: { id: "serviceid", name: "servicename", labels: {} },
  node: { id: "nodeid", hostname: "nodeHostname", architecture: "architecture", os: "os" },
  task: { id: "", name: "taskname", slot: "1" },
};

/** A container's spec as it would be for some task. Fault invalid_argument for templates that cannot be expanded. */
export function triedTemplates(spec: ContainerSpec): ContainerSpec {
  return expandContainer(spec, trial);
}
