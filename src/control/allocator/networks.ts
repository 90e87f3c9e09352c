import { create } from "@bufbuild/protobuf";
import type { Network, Service } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import { type NetworkAttachment, NetworkAttachmentSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { NetworkAttachmentConfig } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Networks that every node has by itself; a task on them needs no address of the swarm's. */
const nodeNetworks: ReadonlySet<string> = new Set(["host", "bridge"]);

/** Why a task cannot be attached to its networks. */
export interface NetworkProblem {
  readonly text: string;
}

/** A task's attachments to the networks it asks for, or what is in the way. */
export function attachmentsFor(
  task: Task,
  service: Service | undefined,
  networkOf: (id: string) => Network | undefined,
): NetworkAttachment[] | NetworkProblem {
  const attachments: NetworkAttachment[] = [];
  for (const config of networksOf(task, service)) {
    const network = networkOf(config.target);
    if (!network) return { text: `waits for network allocation: network ${config.target} not found` };
    const driver = driverOf(network);
    if (!nodeNetworks.has(driver)) {
      const { name } = network.spec.annotations;
      return { text: `waits for network allocation: ${driver} networks are not served yet (network "${name}")` };
    }
    const { aliases, driverAttachmentOpts } = config;
    attachments.push(create(NetworkAttachmentSchema, { network, aliases, driverAttachmentOpts }));
  }
  return attachments;
}

/** Where older clients name the networks with the service, newer ones do with the task. */
function networksOf(task: Task, service: Service | undefined): readonly NetworkAttachmentConfig[] {
  return task.spec.networks.length > 0 ? task.spec.networks : (service?.spec.networks ?? []);
}

function driverOf({ driverState, spec }: Network): string {
  return driverState?.name || spec.driverConfig?.name || "overlay";
}
