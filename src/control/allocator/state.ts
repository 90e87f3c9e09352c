import { isAllocated, isIngress, isOverlay } from "../../model/network.ts";
import type { Network, Service } from "../../model/objects.ts";
import { isWanted, occupiesNode, type Task } from "../../model/task.ts";
import type { ReadTx, StoreEvent } from "../../store/tx.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { AddressBook } from "./address-book.ts";
import { Backlog } from "./backlog.ts";
import { KeptAddresses } from "./kept-addresses.ts";
import { PortBook } from "./ports.ts";
import { type Problem, until } from "./problem.ts";

/** When what has changed is to be looked at. "soon": something was freed, and more may be at once. */
export type Consequence = "now" | "soon" | "none";

/**
 * What the allocator knows: who holds what, and what waits to be given something. Built from the store, and kept up to date
 * from events, so that nothing is searched for among all objects.
 */
export class AllocatorState {
  readonly addresses = new AddressBook();
  readonly ports = new PortBook();
  readonly networks = new Backlog();
  readonly services = new Backlog();
  readonly nodes = new Backlog();
  readonly tasks = new Backlog();
  /** Why networks are not allocated, and services have no endpoint, by id. */
  readonly networkProblems = new Map<string, string>();
  readonly serviceProblems = new Map<string, Problem>();
  readonly kept = new KeptAddresses();
  readonly #givenAddresses = [this.services, this.nodes, this.tasks] as const;
  /** On how many addresses of each network somebody waits that became free since that was last told. */
  readonly #freed = new Map<string, number>();

  get hasFresh(): boolean {
    return [this.networks, this.services, this.nodes, this.tasks].some(({ hasFresh }) => hasFresh);
  }

  /** Forgets everything and reads it anew. All is looked at again. */
  rebuild(tx: ReadTx): void {
    for (const backlog of [this.networks, this.services, this.nodes, this.tasks]) backlog.clear();
    this.networkProblems.clear();
    this.serviceProblems.clear();
    this.kept.clear();
    this.addresses.rebuild(tx);
    this.ports.rebuild(tx.service.all());
    for (const network of tx.network.all()) if (!isAllocated(network)) this.networks.add(network.id);
    for (const service of tx.service.all()) this.services.add(service.id);
    for (const node of tx.node.all()) this.nodes.add(node.id);
    for (const task of tx.task.all()) if (isNew(task)) this.tasks.add(task.id);
  }

  /** Takes in what has changed. `tx` is the state after it. */
  apply(event: StoreEvent, tx: ReadTx): Consequence {
    for (const [networkId, count] of this.addresses.apply(event))
      if (this.#waits(networkId)) this.#freed.set(networkId, (this.#freed.get(networkId) ?? 0) + count);
    if (this.ports.apply(event)) this.services.wake(until.ports);
    if (event.kind === "network") this.#network(event.object, event.action === "remove", tx);
    else if (event.kind === "service") this.#service(event);
    else if (event.kind === "task") this.#task(event, tx);
    else if (event.kind === "cluster") this.networks.wake(until.subnets);
    else if (event.kind === "node") {
      if (event.action === "create") this.nodes.add(event.object.id);
      else if (event.action === "remove") this.nodes.remove(event.object.id);
    }
    if (this.hasFresh) return "now";
    return this.#freed.size > 0 ? "soon" : "none";
  }

  /** Lets as many look again who wait for an address as became free; who asks for a certain one may find that it was his. */
  wakeForFreed(): void {
    for (const [networkId, count] of this.#freed) {
      this.#wake(until.addresses(networkId), count);
      this.#wake(until.askedAddresses(networkId));
    }
    this.#freed.clear();
  }

  #waits(networkId: string): boolean {
    const words = [until.addresses(networkId), until.askedAddresses(networkId)];
    return this.#givenAddresses.some(backlog => words.some(word => backlog.waits(word)));
  }

  /** Lets tasks say why their network or service is not ready. */
  noteNetworkProblem(id: string, text: string): void {
    if (this.networkProblems.get(id) === text) return;
    this.networkProblems.set(id, text);
    this.#wake(until.network(id));
  }

  noteServiceProblem(id: string, problem: Problem): void {
    if (this.serviceProblems.get(id)?.text === problem.text) return;
    this.serviceProblems.set(id, problem);
    this.tasks.wake(until.service(id));
  }

  #wake(what: string, most?: number): void {
    for (const backlog of this.#givenAddresses) backlog.wake(what, most);
  }

  #network(network: Network, gone: boolean, tx: ReadTx): void {
    const { id } = network;
    if (gone) {
      this.networks.remove(id);
      this.networkProblems.delete(id);
      this.networks.wake(until.subnets);
      for (const node of tx.node.all()) if (isAttached(node, id)) this.nodes.add(node.id);
    } else if (!isAllocated(network)) {
      this.networks.add(id);
    } else {
      this.networks.remove(id);
      this.networkProblems.delete(id);
      this.#wake(until.network(id));
      if (!isIngress(network)) return;
      this.#wake(until.ingress);
      for (const node of tx.node.all()) this.nodes.add(node.id);
    }
  }

  #service(event: Extract<StoreEvent, { kind: "service" }>): void {
    const { id } = event.object;
    if (event.action === "remove") {
      this.services.remove(id);
      this.serviceProblems.delete(id);
    } else if (event.action === "create" || isAskedAnew(event.old, event.object)) this.services.add(id);
    this.tasks.wake(until.service(id));
  }

  #task(event: Extract<StoreEvent, { kind: "task" }>, tx: ReadTx): void {
    const { object: task } = event;
    if (event.action === "remove" || !isNew(task)) this.tasks.remove(task.id);
    else if (event.action === "create") this.tasks.add(task.id);
    if (task.nodeId === "" || task.networks.length === 0) return;
    const before = event.action === "update" ? event.old : event.action === "remove" ? task : undefined;
    const isThere = event.action !== "remove" && occupiesNode(task);
    const wasThere = before !== undefined && occupiesNode(before);
    if (isThere === wasThere) return;
    if (!isThere || !isAttachedForAll(tx, task)) this.nodes.add(task.nodeId);
  }
}

export function isNew(task: Task): boolean {
  return task.status.state === TaskState.NEW && isWanted(task);
}

function isAskedAnew(old: Service, now: Service): boolean {
  return old.spec !== now.spec || old.endpoint !== now.endpoint;
}

function isAttachedForAll(tx: ReadTx, { nodeId, networks }: Task): boolean {
  const node = tx.node.get(nodeId);
  return networks.every(({ network }) => !network || !isOverlay(network) || isAttached(node, network.id));
}

function isAttached(
  node: { attachments: readonly { network?: { id: string } | undefined }[] } | undefined,
  id: string,
) {
  return node?.attachments.some(({ network }) => network?.id === id) ?? false;
}
