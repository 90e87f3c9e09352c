import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Network, Node, Service } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import { sampleNetwork, sampleNode, sampleService, sampleTask } from "../../sim/samples.ts";
import {
  EndpointSchema,
  NetworkAttachmentSchema,
  NetworkSchema,
} from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { DriverSchema, IPAMOptionsSchema, TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import {
  PlaneChange_Action as Action,
  type PlaneChange,
  type PlaneEndpoint,
  type PlaneNetwork,
  type PlaneNode,
  type PlaneService,
} from "../../wire/gen/shoal/v1/network_pb.ts";

/* Objects as the allocator leaves them. */

export function aNetwork(id: string, number: number, options: Record<string, string> = {}): Network {
  const network = sampleNetwork(id, id);
  return {
    ...network,
    spec: {
      ...network.spec,
      ingress: id === "ingress",
      driverConfig: create(DriverSchema, { name: "overlay", options }),
    },
    driverState: create(DriverSchema, {
      name: "overlay",
      options: { ...options, "com.docker.network.driver.overlay.vxlanid_list": String(4096 + number) },
    }),
    ipam: create(IPAMOptionsSchema, { configs: [{ subnet: `10.0.${number}.0/24`, gateway: `10.0.${number}.1` }] }),
  };
}

export function attached(network: Network, address: string, aliases: string[] = []) {
  return create(NetworkAttachmentSchema, { network: create(NetworkSchema, network), addresses: [address], aliases });
}

export function aNode(id: string, ...attachments: Node["attachments"]): Node {
  const node = sampleNode(id);
  return { ...node, attachments, status: { ...node.status, addr: `192.0.2.${id.slice(1)}` } };
}

export function aService(
  id: string,
  network: Network,
  endpoint: MessageInitShape<typeof EndpointSchema> = {},
): Service {
  const service = sampleService(id, id, {
    runtime: { case: "container", value: { image: "image" } },
    networks: [{ target: network.id, aliases: [`${id}-alias`] }],
  });
  return { ...service, endpoint: create(EndpointSchema, endpoint) };
}

export function aTask(id: string, service: Service, nodeId: string, ...networks: Task["networks"]): Task {
  const task = sampleTask(id, service, { nodeId, slot: 1n, desiredState: TaskState.RUNNING });
  return { ...task, networks, status: { ...task.status, state: TaskState.RUNNING } };
}

/** Changes in few words: `+web` or `-web` by kind, sorted. */
export function words(changes: readonly PlaneChange[]): string[] {
  return changes.map(({ action, item }) => `${action === Action.REMOVE ? "-" : "+"}${item.case} ${idOf(item)}`).sort();
}

function idOf(item: PlaneChange["item"]): string {
  if (item.case === undefined) return "";
  return item.case === "endpoint" ? item.value.taskId : item.value.id;
}

interface Items {
  readonly network: PlaneNetwork;
  readonly node: PlaneNode;
  readonly endpoint: PlaneEndpoint;
  readonly service: PlaneService;
}

/** The object of a kind that the changes tell of. */
export function itemOf<K extends keyof Items>(changes: readonly PlaneChange[], kind: K, id: string): Items[K] {
  const found = changes.find(({ item }) => item.case === kind && idOf(item) === id);
  if (!found) throw new Error(`no ${kind} ${id} among ${words(changes)}`);
  return found.item.value as Items[K];
}
