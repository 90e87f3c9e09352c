import { X509Certificate } from "node:crypto";
import { isTerminal } from "../../../model/task.ts";
import type {
  Cluster,
  Config,
  Network,
  NetworkAttachment,
  Node,
  Secret,
  Service,
  Task,
} from "../../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { TaskState } from "../../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { integer } from "../../answer.ts";
import { fromConfig } from "../../convert/config.ts";
import { fromMeta, fromTimestamp } from "../../convert/meta.ts";
import { type JsonObject, omitEmpty } from "../../convert/omit.ts";
import { fromSecret } from "../../convert/secret.ts";
import { fromService } from "../../convert/service.ts";
import { taskStates } from "../../convert/task.ts";
import { fromNetwork } from "../../networks/network.ts";
import { fromNode } from "../../nodes/node.ts";
import { fromCluster } from "../../swarm/cluster.ts";

/** The objects that the live stream tells of. */
export interface LiveObjects {
  cluster: Cluster;
  node: Node;
  service: Service;
  task: Task;
  network: Network;
  secret: Secret;
  config: Config;
}

export type LiveKind = keyof LiveObjects;

/** How each kind is shown: as the rest of the API does, where nothing is said. */
export const liveViews: { readonly [K in LiveKind]: (object: LiveObjects[K]) => JsonObject } = {
  cluster: fromCluster,
  node: fromLiveNode,
  service: service => fromService(service),
  task: fromLiveTask,
  network: network => ({ ...fromNetwork(network), ...fromMeta(network.meta) }),
  secret: fromSecret,
  config: fromLiveConfig,
};

/** With the validity of its certificate and its addresses on networks, which Docker's node does not have. */
function fromLiveNode(node: Node): JsonObject {
  return {
    ...fromNode(node),
    ...omitEmpty({ Certificate: validityOf(node.certificate?.certificate), Addresses: addressesOf(node.attachments) }),
  };
}

/** By network, as ADDRESS/LENGTH; undefined where there are none. */
function addressesOf(attachments: readonly NetworkAttachment[]): JsonObject | undefined {
  const pairs = attachments.map(({ network, addresses }) => [network?.id ?? "", addresses[0] ?? ""] as const);
  const given = pairs.filter(([id, address]) => id && address);
  return given.length > 0 ? Object.fromEntries(given) : undefined;
}

/** Reading a certificate takes a while, and a node changes more often than that does. */
const validities = new WeakMap<Uint8Array, JsonObject>();

/** From when until when a certificate (PEM) holds, RFC 3339; undefined where there is none yet. */
function validityOf(certificate: Uint8Array | undefined): JsonObject | undefined {
  if (!certificate || certificate.length === 0) return undefined;
  const known = validities.get(certificate);
  if (known) return known;
  const { validFrom, validTo } = new X509Certificate(certificate);
  const validity = { Since: new Date(validFrom).toISOString(), Ends: new Date(validTo).toISOString() };
  validities.set(certificate, validity);
  return validity;
}

/** Of a task what differs from one to the next: the rest is in its service. There may be thousands. */
function fromLiveTask(task: Task): JsonObject {
  const { status, spec } = task;
  const container = spec?.runtime.case === "container" ? spec.runtime.value : undefined;
  const instance = status?.runtimeStatus.case === "container" ? status.runtimeStatus.value : undefined;
  const state = status?.state ?? TaskState.NEW;
  return omitEmpty({
    ID: task.id,
    ...fromMeta(task.meta),
    ServiceID: task.serviceId,
    NodeID: task.nodeId,
    Slot: integer(task.slot),
    Image: container?.image,
    State: taskStates.wordOf(state),
    DesiredState: taskStates.wordOf(task.desiredState),
    Since: fromTimestamp(status?.timestamp),
    Message: status?.message,
    Err: status?.err,
    ContainerID: instance?.containerId,
    ExitCode: isTerminal(state) ? instance?.exitCode : undefined,
    Addresses: addressesOf(task.networks),
    JobIteration: task.jobIteration && integer(task.jobIteration.index),
  });
}

/** Without its data, which a list of names does not need. */
function fromLiveConfig(config: Config): JsonObject {
  return fromConfig({ ...config, ...(config.spec && { spec: { ...config.spec, data: new Uint8Array() } }) });
}
