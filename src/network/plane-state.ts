import { create } from "@bufbuild/protobuf";
import { parseIp } from "../lib/ip.ts";
import {
  PlaneChange_Action as Action,
  NetworkMessage_Type as MessageType,
  type NetworkMessage,
  NetworkMessageSchema,
  type PlaneChange,
  PlaneChangeSchema,
  type PlaneEndpoint,
  type PlaneNetwork,
  type PlaneNode,
  type PlaneService,
} from "../wire/gen/shoal/v1/network_pb.ts";

/** What the managers say of the networks this node takes part in, at one moment. */
export interface Plane {
  readonly networks: ReadonlyMap<string, PlaneNetwork>;
  /** The other nodes on them. */
  readonly nodes: ReadonlyMap<string, PlaneNode>;
  /** By task. */
  readonly endpoints: ReadonlyMap<string, PlaneEndpoint>;
  readonly services: ReadonlyMap<string, PlaneService>;
}

export const emptyPlane: Plane = {
  networks: new Map(),
  nodes: new Map(),
  endpoints: new Map(),
  services: new Map(),
};

/**
 * The plane after a message of the feed's. A message stands for one state of the swarm: it is applied as a whole. Tables that it does
 * not touch stay the same objects.
 */
export function applyMessage(plane: Plane, message: NetworkMessage): Plane {
  const from = message.type === MessageType.COMPLETE ? emptyPlane : plane;
  const networks = new Draft(from.networks);
  const nodes = new Draft(from.nodes);
  const endpoints = new Draft(from.endpoints);
  const services = new Draft(from.services);
  for (const { action, item } of message.changes) {
    switch (item.case) {
      case "network":
        networks.put(item.value.id, item.value, action);
        break;
      case "node":
        nodes.put(item.value.id, withAddresses(item.value), action);
        break;
      case "endpoint":
        endpoints.put(item.value.taskId, item.value, action);
        break;
      case "service":
        services.put(item.value.id, item.value, action);
        break;
      case undefined:
        break; // From a newer manager: nothing this node knows of.
      default:
        item satisfies never;
    }
  }
  return { networks: networks.table, nodes: nodes.table, endpoints: endpoints.table, services: services.table };
}

/** A table that is copied by its first change. */
class Draft<T> {
  readonly #table: ReadonlyMap<string, T>;
  #copy: Map<string, T> | undefined;

  constructor(table: ReadonlyMap<string, T>) {
    this.#table = table;
  }

  get table(): ReadonlyMap<string, T> {
    return this.#copy ?? this.#table;
  }

  put(id: string, value: T, action: PlaneChange["action"]): void {
    this.#copy ??= new Map(this.#table);
    if (action === Action.REMOVE) this.#copy.delete(id);
    else this.#copy.set(id, value);
  }
}

/** Kernels are given them: what is no address is not passed on. */
function withAddresses(node: PlaneNode): PlaneNode {
  const { dataAddress, addresses } = node;
  return { ...node, dataAddress: parseIp(dataAddress) ? dataAddress : "", addresses: addresses.filter(parseIp) };
}

/** The plane without networks, by id, that this node cannot have. */
export function withoutNetworks(plane: Plane, refused: ReadonlyMap<string, unknown>): Plane {
  return { ...plane, networks: new Map([...plane.networks].filter(([id]) => !refused.has(id))) };
}

/** The message that makes this plane of any other. */
export function wholeOf(plane: Plane): NetworkMessage {
  const items: PlaneChange["item"][] = [
    ...Array.from(plane.networks.values(), value => ({ case: "network" as const, value })),
    ...Array.from(plane.nodes.values(), value => ({ case: "node" as const, value })),
    ...Array.from(plane.services.values(), value => ({ case: "service" as const, value })),
    ...Array.from(plane.endpoints.values(), value => ({ case: "endpoint" as const, value })),
  ];
  const changes = items.map(item => create(PlaneChangeSchema, { action: Action.UPDATE, item }));
  return create(NetworkMessageSchema, { type: MessageType.COMPLETE, changes });
}
