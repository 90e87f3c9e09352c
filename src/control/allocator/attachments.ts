import { create } from "@bufbuild/protobuf";
import { isOverlay } from "../../model/network.ts";
import type { Network, Service } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import { type NetworkAttachment, NetworkAttachmentSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  type NetworkAttachmentConfig,
  NetworkAttachmentConfigSchema,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type EndpointSources, isOnMesh } from "./endpoint.ts";
import { isProblem, type Problem } from "./problem.ts";

/**
 * A task's attachments to the networks it asks for, each with an address of every family, or what is in the way. The
 * routing mesh's network is the first, for tasks whose service publishes ports there (SwarmKit: as well).
 */
export function attachmentsFor(
  task: Task,
  service: Service | undefined,
  sources: EndpointSources,
): NetworkAttachment[] | Problem {
  const wanted = wantedBy(task, service, sources);
  if (isProblem(wanted)) return wanted;
  const attachments: NetworkAttachment[] = [];
  for (const { network, config } of wanted) {
    const { aliases, driverAttachmentOpts } = config;
    const addresses = isOverlay(network)
      ? sources.addresses.take(network.id, "task", config.addresses, sources.undo)
      : [];
    if (isProblem(addresses)) return addresses;
    attachments.push(create(NetworkAttachmentSchema, { network, addresses, aliases, driverAttachmentOpts }));
  }
  return attachments;
}

interface Wanted {
  readonly network: Network;
  readonly config: NetworkAttachmentConfig;
}

/** All are looked at before any is given an address. */
function wantedBy(task: Task, service: Service | undefined, { networks }: EndpointSources): Wanted[] | Problem {
  const wanted: Wanted[] = [];
  if (service && isOnMesh(service)) {
    const ingress = networks.ingress();
    if (isProblem(ingress)) return ingress;
    wanted.push({ network: ingress, config: create(NetworkAttachmentConfigSchema, { target: ingress.id }) });
  }
  for (const config of configsOf(task, service)) {
    const network = networks.ready(config.target);
    if (isProblem(network)) return network;
    wanted.push({ network, config });
  }
  return wanted;
}

/** Where older clients name the networks with the service, newer ones do with the task. */
function configsOf(task: Task, service: Service | undefined): readonly NetworkAttachmentConfig[] {
  return task.spec.networks.length > 0 ? task.spec.networks : (service?.spec.networks ?? []);
}
