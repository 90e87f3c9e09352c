import type { MessageInitShape } from "@bufbuild/protobuf";
import { defined } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import { toDuration } from "../model/time.ts";
import type { Client } from "../ports/transport.ts";
import { type Control, UpdateServiceRequest_Rollback } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Node, Service } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { NodeSpec_Availability, ServiceSpec, ServiceSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  type PortConfigSchema,
  PortConfig_PublishMode as PublishMode,
  RestartPolicy_RestartCondition as RestartCondition,
  type SecretReferenceSchema,
  type UpdateConfig_FailureAction,
  type UpdateConfig_UpdateOrder,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

type Api = Client<typeof Control>;

export interface ServiceInit {
  readonly name: string;
  readonly image: string;
  /** Undefined for a global service. */
  readonly replicas?: number;
  /** Makes it a job of so many completions, or of one on each node. */
  readonly job?: { readonly total: number; readonly concurrent: number } | "global";
  readonly restart?: RestartCondition;
  readonly restartDelayMs?: number;
  readonly stopGraceMs?: number;
  /** CPUs that each task reserves. */
  readonly cpus?: number;
  /** Published on each task's own node. */
  readonly hostPort?: number;
  /** Published on every node. */
  readonly meshPort?: number;
  /** Name of a network that each task is on. */
  readonly network?: string;
  /** Name of a secret that each task gets. */
  readonly secret?: string;
  readonly update?: {
    readonly parallelism?: number;
    readonly delayMs?: number;
    readonly monitorMs?: number;
    readonly order?: UpdateConfig_UpdateOrder;
    readonly onFailure?: UpdateConfig_FailureAction;
  };
}

/** What a user does with `docker service` and `docker node`, as calls of the manager's API. */
export const operator = {
  async create(api: Api, init: ServiceInit): Promise<void> {
    const { name, image, update } = init;
    const networks = init.network === undefined ? [] : [{ target: await networkId(api, init.network) }];
    const ports = portsFrom(init);
    const secrets = init.secret === undefined ? [] : [await secretReference(api, init.secret)];
    await api.createService({
      spec: {
        annotations: { name },
        task: {
          runtime: {
            case: "container",
            value: { image, secrets, stopGracePeriod: toDuration(init.stopGraceMs ?? 10_000) },
          },
          restart: {
            condition: init.restart ?? RestartCondition.ANY,
            delay: toDuration(init.restartDelayMs ?? 5_000),
          },
          networks,
          resources: { reservations: { nanoCpus: BigInt(Math.round((init.cpus ?? 0) * 1e9)) } },
        },
        mode: modeFrom(init),
        ...(ports.length > 0 && { endpoint: { ports } }),
        ...(update && {
          update: {
            parallelism: BigInt(update.parallelism ?? 1),
            delay: toDuration(update.delayMs ?? 0),
            monitor: toDuration(update.monitorMs ?? 5_000),
            ...(update.order !== undefined && { order: update.order }),
            ...(update.onFailure !== undefined && { failureAction: update.onFailure }),
          },
        }),
      },
    });
  },

  async scale(api: Api, name: string, replicas: number): Promise<void> {
    await change(api, name, spec => ({
      ...spec,
      mode: {
        case: "replicated",
        value: { $typeName: "docker.swarmkit.v1.ReplicatedService", replicas: BigInt(replicas) },
      },
    }));
  },

  /** A new image for every task, in a rolling update. */
  async setImage(api: Api, name: string, image: string): Promise<void> {
    await change(api, name, spec => {
      const { task } = spec;
      if (task?.runtime.case !== "container") throw new Fault("internal", `${name} runs no containers`);
      const runtime = { case: "container", value: { ...task.runtime.value, image } } as const;
      return { ...spec, task: { ...task, runtime } };
    });
  },

  /** New tasks without any other change. */
  async force(api: Api, name: string): Promise<void> {
    await change(api, name, spec => {
      const task = defined(spec.task, "a task spec");
      return { ...spec, task: { ...task, forceUpdate: task.forceUpdate + 1n } };
    });
  },

  /** Back to the spec before. */
  async rollBack(api: Api, name: string): Promise<void> {
    const { id, meta, spec } = await find(api, name);
    await api.updateService({
      serviceId: id,
      ...(meta?.version && { serviceVersion: meta.version }),
      ...(spec && { spec }),
      rollback: UpdateServiceRequest_Rollback.PREVIOUS,
    });
  },

  async createNetwork(api: Api, name: string, subnet: string): Promise<void> {
    await api.createNetwork({
      spec: { annotations: { name }, driverConfig: { name: "overlay" }, ipam: { configs: [{ subnet }] } },
    });
  },

  async createSecret(api: Api, name: string): Promise<void> {
    await api.createSecret({ spec: { annotations: { name }, data: Buffer.from(`the secret of ${name}`) } });
  },

  async remove(api: Api, name: string): Promise<void> {
    const { id } = await find(api, name);
    await api.removeService({ serviceId: id });
  },

  async setAvailability(api: Api, nodeId: string, availability: NodeSpec_Availability): Promise<void> {
    const { node } = await api.getNode({ nodeId });
    const { spec, meta } = defined<Node>(node, "a node");
    await api.updateNode({
      nodeId,
      ...(meta?.version && { nodeVersion: meta.version }),
      spec: { ...defined(spec, "a node's spec"), availability },
    });
  },
};

function modeFrom({ replicas, job }: ServiceInit): MessageInitShape<typeof ServiceSpecSchema>["mode"] & object {
  if (job === "global") return { case: "globalJob", value: {} };
  if (job) {
    const value = { totalCompletions: BigInt(job.total), maxConcurrent: BigInt(job.concurrent) };
    return { case: "replicatedJob", value };
  }
  return replicas === undefined
    ? { case: "global", value: {} }
    : { case: "replicated", value: { replicas: BigInt(replicas) } };
}

async function change(api: Api, name: string, edit: (spec: ServiceSpec) => ServiceSpec): Promise<void> {
  const { id, meta, spec } = await find(api, name);
  await api.updateService({
    serviceId: id,
    ...(meta?.version && { serviceVersion: meta.version }),
    spec: edit(defined(spec, "a service's spec")),
  });
}

async function secretReference(api: Api, name: string): Promise<MessageInitShape<typeof SecretReferenceSchema>> {
  const { secrets } = await api.listSecrets({ filters: { names: [name] } });
  const target = { case: "file", value: { name, uid: "0", gid: "0", mode: 0o444 } } as const;
  return { secretId: defined(secrets[0], `secret ${name}`).id, secretName: name, target };
}

/** Fault not_found when there is none. */
async function find(api: Api, name: string): Promise<Service> {
  const { services } = await api.listServices({ filters: { names: [name] } });
  const found = services.find(({ spec }) => spec?.annotations?.name === name);
  if (!found) throw new Fault("not_found", `service ${name} not found`);
  return found;
}

function portsFrom({ hostPort, meshPort }: ServiceInit): MessageInitShape<typeof PortConfigSchema>[] {
  const port = (publishedPort: number | undefined, publishMode: PublishMode) =>
    publishedPort === undefined ? [] : [{ targetPort: 80, publishedPort, publishMode }];
  return [...port(hostPort, PublishMode.HOST), ...port(meshPort, PublishMode.INGRESS)];
}

async function networkId(api: Api, name: string): Promise<string> {
  const { networks } = await api.listNetworks({ filters: { names: [name] } });
  return defined(networks[0], `network ${name}`).id;
}
