import { filledIn } from "../environment.ts";
import type { Project } from "../project.ts";
import { filled, said } from "../said.ts";
import type { Service } from "../service-schema.ts";
import { attachmentsOf } from "./attachments.ts";
import { containerSpecOf } from "./container-spec.ts";
import { dependsOn, dependsOnLabel, mustComplete } from "./dependencies.ts";
import { modeOf, placementOf, resourcesOf, restartPolicyOf, updateConfigOf } from "./deployment.ts";
import { endpointOf } from "./endpoint.ts";
import type { IdOf } from "./file-references.ts";
import { imageLabel, type Namespace } from "./namespace.ts";
import type { ServiceSpec } from "./spec.ts";

/** The swarm's spec for a service of a project: the same as docker's own `stack deploy` makes of the same file. */
export function serviceSpecOf(
  name: string,
  service: Service,
  project: Project,
  namespace: Namespace,
  idOf: IdOf,
): ServiceSpec {
  const { deploy = {}, logging } = service;
  const dependencies = dependsOn(service, namespace);
  return {
    Name: namespace.scoped(name),
    Labels: {
      ...namespace.labels(filledIn(deploy.labels)),
      ...(dependencies === undefined ? {} : { [dependsOnLabel]: dependencies }),
      [imageLabel]: service.image ?? "",
    },
    TaskTemplate: {
      ContainerSpec: containerSpecOf(service, project, namespace, idOf),
      ...said({
        Resources: resourcesOf(service),
        RestartPolicy: restartPolicyOf(service, mustComplete(name, project.services)),
        Placement: placementOf(service),
        Networks: attachmentsOf(name, service, project.networks, namespace),
        LogDriver: logging && said({ Name: logging.driver, Options: filled(filledIn(logging.options)) }),
      }),
    },
    Mode: modeOf(service),
    ...said({
      UpdateConfig: updateConfigOf(deploy.update_config),
      RollbackConfig: updateConfigOf(deploy.rollback_config),
    }),
    EndpointSpec: endpointOf(service),
  };
}
