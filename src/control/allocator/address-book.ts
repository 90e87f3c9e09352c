import type { Network } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import { fromTimestamp } from "../../model/time.ts";
import { sidesOf } from "../../store/sides.ts";
import type { ReadTx, StoreEvent } from "../../store/tx.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import {
  addressesOfTask,
  type Holding,
  holdingsOfNode,
  holdingsOfService,
  holdingsOfTask,
  isUnplaced,
  networksOfTask,
} from "./holdings.ts";
import { NetworkPools } from "./network-pools.ts";
import { isProblem, type Problem, until } from "./problem.ts";
import type { UndoLog } from "./undo-log.ts";

/** For whom an address is: it decides how many are kept for others. */
export type Taker = "task" | "service" | "node";

/**
 * Which addresses of each network are held, and by how many. It is what the live objects say and nothing else: built from
 * the store and kept up to date from events, so that giving an address looks at no other task.
 */
export class AddressBook {
  readonly #networks = new Map<string, NetworkPools>();
  #nodes = 0;

  /** Forgets everything and reads it anew. */
  rebuild(tx: ReadTx): void {
    this.#networks.clear();
    for (const network of tx.network.all()) this.#putNetwork(network);
    this.#nodes = tx.node.size;
    for (const node of tx.node.all()) this.#move([], holdingsOfNode(node), 0, "node");
    for (const service of tx.service.all()) this.#move([], holdingsOfService(service), 0, "service");
    for (const task of tx.task.all()) {
      if (task.networks.length === 0) continue;
      if (task.status.state > TaskState.RUNNING) this.#noteFormer(task);
      else this.#putTask(undefined, task);
    }
  }

  /** Takes in what has changed. Returns the networks on which there may be room now, and for how many. */
  apply(event: StoreEvent): Room {
    switch (event.kind) {
      case "network":
        if (event.action === "remove") this.#networks.delete(event.object.id);
        else this.#putNetwork(event.object);
        return nothing;
      case "node": {
        const { before, after } = sidesOf(event);
        this.#nodes += (after ? 1 : 0) - (before ? 1 : 0);
        return this.#move(holdingsOfNode(before), holdingsOfNode(after), bornMs(after), "node");
      }
      case "service": {
        const { before, after } = sidesOf(event);
        if (before?.endpoint === after?.endpoint) return nothing;
        return this.#move(holdingsOfService(before), holdingsOfService(after), bornMs(after), "service");
      }
      case "task": {
        const { before, after } = sidesOf(event);
        return this.#putTask(before, after);
      }
      default:
        return nothing;
    }
  }

  /** Whether addresses are given on the network: it is the swarm's own, and has its subnets. */
  serves(networkId: string): boolean {
    return this.#networks.has(networkId);
  }

  /** The network's addresses for somebody, one a family, or why there are none. What it gives counts until `undo`. */
  take(networkId: string, taker: Taker, asked: readonly string[], undo: UndoLog): string[] | Problem {
    const network = this.#networks.get(networkId);
    if (!network) return { lacks: "a network", text: "", until: until.network(networkId) };
    const taken = network.take(asked, this.#keptFrom(taker, network), undo.add);
    if (isProblem(taken) || taker === "service") return taken;
    const count = taker === "task" ? "unplaced" : "nodes";
    network[count]++;
    undo.add(() => network[count]--);
    return taken;
  }

  /**
   * Every node that gets a task on a network needs an address there itself. A task that took the last one could never
   * start, and would never give it back: so as many are kept as nodes may come to need one.
   */
  #keptFrom(taker: Taker, { nodes, unplaced }: NetworkPools): number {
    if (taker === "node") return 0;
    return Math.max(0, Math.min(this.#nodes - nodes, taker === "task" ? unplaced + 1 : unplaced));
  }

  #putNetwork(network: Network): void {
    if (this.#networks.has(network.id) || (network.ipam?.configs.length ?? 0) === 0) return;
    this.#networks.set(network.id, new NetworkPools(network));
  }

  #putTask(old: Task | undefined, task: Task | undefined): Room {
    if (old && task && old.networks === task.networks && old.status.state === task.status.state) return nothing;
    if (isUnplaced(old)) this.#countUnplaced(old, -1);
    if (isUnplaced(task)) this.#countUnplaced(task, 1);
    const room = this.#move(holdingsOfTask(old), holdingsOfTask(task), bornMs(task), "task");
    // What was kept for the node that it might have come to may be given to others.
    return old && isUnplaced(old) && !isUnplaced(task) && room.size === 0 ? roomOn(networksOfTask(old)) : room;
  }

  #countUnplaced(task: Task | undefined, sign: 1 | -1): void {
    for (const id of task ? networksOfTask(task) : []) {
      const network = this.#networks.get(id);
      if (network) network.unplaced += sign;
    }
  }

  #noteFormer(task: Task): void {
    for (const { networkId, address } of addressesOfTask(task))
      this.#networks.get(networkId)?.noteFormer(address, bornMs(task));
  }

  #move(before: readonly Holding[], after: readonly Holding[], atMs: number, taker: Taker): Room {
    if (before === after) return nothing;
    const freed: string[] = [];
    const has = (some: readonly Holding[], { networkId, address }: Holding) =>
      some.some(other => other.networkId === networkId && other.address === address);
    for (const holding of after)
      if (!has(before, holding)) this.#networks.get(holding.networkId)?.hold(holding.address, atMs);
    for (const holding of before)
      if (!has(after, holding) && this.#networks.get(holding.networkId)?.release(holding.address))
        freed.push(holding.networkId);
    if (taker === "node") this.#countNodes(before, after);
    return roomOn(freed);
  }

  #countNodes(before: readonly Holding[], after: readonly Holding[]): void {
    const count = (holdings: readonly Holding[], sign: 1 | -1) => {
      for (const id of new Set(holdings.map(({ networkId }) => networkId))) {
        const network = this.#networks.get(id);
        if (network) network.nodes += sign;
      }
    };
    count(before, -1);
    count(after, 1);
  }
}

/** Addresses that may be given again, by network. */
type Room = ReadonlyMap<string, number>;

const nothing: Room = new Map();

function roomOn(networkIds: readonly string[]): Room {
  if (networkIds.length === 0) return nothing;
  const room = new Map<string, number>();
  for (const id of networkIds) room.set(id, (room.get(id) ?? 0) + 1);
  return room;
}

function bornMs(object: { readonly meta: Task["meta"] } | undefined): number {
  return fromTimestamp(object?.meta.createdAt) ?? 0;
}
