import { create } from "@bufbuild/protobuf";
import { same } from "../../lib/same.ts";
import type { Node } from "../../model/objects.ts";
import { findCluster } from "../../store/the-cluster.ts";
import type { ReadTx } from "../../store/tx.ts";
import {
  PlaneChange_Action as Action,
  type PlaneChange,
  PlaneChangeSchema,
  type PlaneEndpoint,
  PlaneEndpointSchema,
  type PlaneNetwork,
  PlaneNetworkSchema,
  type PlaneNode,
  PlaneNodeSchema,
  type PlaneService,
  PlaneServiceSchema,
} from "../../wire/gen/shoal/v1/network_pb.ts";
import { endpointItem } from "./endpoint-item.ts";
import { meshPortsOf, networkItem, networksOf, nodeItem, serviceItem } from "./items.ts";
import { PlaneNews } from "./news.ts";
import { hasTunnel, withTunnel } from "./tunnel-item.ts";

type Item = PlaneChange["item"];

const noNetworks: ReadonlySet<string> = new Set();

/** The plane of a node as the state of the swarm makes it. */
export function planeOf(tx: ReadTx, nodeId: string): PlaneChange[] {
  return new PlaneSet(nodeId).all(tx);
}

/** What one node has been told of its networks. Works out what it is to be told next. */
export class PlaneSet {
  readonly #nodeId: string;
  readonly #networks = new Map<string, PlaneNetwork>();
  readonly #nodes = new Map<string, PlaneNode>();
  readonly #services = new Map<string, PlaneService>();
  readonly #endpoints = new Map<string, PlaneEndpoint>();
  /** The networks that the node is on, as it was told last. */
  #on = noNetworks;

  constructor(nodeId: string) {
    this.#nodeId = nodeId;
  }

  /** Everything, for a node that was told nothing yet. */
  all(tx: ReadTx): PlaneChange[] {
    const news = new PlaneNews();
    news.self = true;
    return this.changes(tx, news);
  }

  /** What is different. What it costs grows with the news, and with a network that the node enters or leaves. */
  changes(tx: ReadTx, news: PlaneNews): PlaneChange[] {
    const self = tx.node.get(this.#nodeId);
    if (news.self) this.#addOwn(tx, self, news);
    if (news.tunnels) for (const [id, node] of this.#nodes) if (hasTunnel(node)) news.nodes.add(id);
    const on = this.#on;
    const changes: PlaneChange[] = [];
    const note = (change: PlaneChange | undefined) => change && changes.push(change);
    for (const id of news.networks) note(this.#network(tx, id, self));
    for (const id of news.nodes) note(this.#node(tx, id));
    for (const id of news.services) {
      const service = tx.service.get(id);
      const item = service && self && serviceItem(service, on, self);
      note(told(this.#services, id, item, serviceChange));
    }
    for (const id of news.tasks) {
      const task = tx.task.get(id);
      const item = task && endpointItem(task, on, tx.node.get(task.nodeId));
      note(told(this.#endpoints, id, item, endpointChange));
    }
    return changes;
  }

  /** Adds what the node's own change concerns: all that is on networks it enters or leaves, and what depends on itself. */
  #addOwn(tx: ReadTx, self: Node | undefined, news: PlaneNews): void {
    const before = this.#on;
    this.#on = self ? networksOf(self) : noNetworks;
    for (const id of [...before, ...this.#on]) news.networks.add(id);
    for (const id of this.#services.keys()) news.services.add(id);
    const moved = [...before, ...this.#on].filter(id => !before.has(id) || !this.#on.has(id));
    if (moved.length === 0) return;
    for (const node of tx.node.all()) news.nodes.add(node.id);
    for (const service of tx.service.all()) if (meshPortsOf(service).length > 0) news.services.add(service.id);
    for (const id of moved) {
      for (const service of tx.service.byNetwork(id)) news.services.add(service.id);
      for (const task of tx.task.byNetwork(id)) news.tasks.add(task.id);
    }
  }

  #network(tx: ReadTx, id: string, self: Node | undefined): PlaneChange | undefined {
    const network = this.#on.has(id) ? tx.network.get(id) : undefined;
    const item = network && self && networkItem(network, self, findCluster(tx)?.VXLANUDPPort ?? 0);
    return told(this.#networks, id, item, networkChange);
  }

  #node(tx: ReadTx, id: string): PlaneChange | undefined {
    const node = id === this.#nodeId ? undefined : tx.node.get(id);
    const item = node && nodeItem(node, this.#on);
    return told(this.#nodes, id, item && withTunnel(tx, this.#nodeId, node, item), nodeChange);
  }
}

/** Notes what an object is now, and what is to be said of that; undefined when the node knows. */
function told<T>(
  known: Map<string, T>,
  id: string,
  item: T | undefined,
  change: (id: string, item: T | undefined) => Item,
): PlaneChange | undefined {
  const before = known.get(id);
  if (item === undefined) {
    if (!known.delete(id)) return undefined;
    return create(PlaneChangeSchema, { action: Action.REMOVE, item: change(id, undefined) });
  }
  known.set(id, item);
  if (before !== undefined && same(before, item)) return undefined;
  return create(PlaneChangeSchema, { action: Action.UPDATE, item: change(id, item) });
}

/* Of what is gone, enough to say which one that is. */

function networkChange(id: string, value = create(PlaneNetworkSchema, { id })): Item {
  return { case: "network", value };
}

function nodeChange(id: string, value = create(PlaneNodeSchema, { id })): Item {
  return { case: "node", value };
}

function serviceChange(id: string, value = create(PlaneServiceSchema, { id })): Item {
  return { case: "service", value };
}

function endpointChange(taskId: string, value = create(PlaneEndpointSchema, { taskId })): Item {
  return { case: "endpoint", value };
}
