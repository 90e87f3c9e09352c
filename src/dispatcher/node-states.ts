import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import { same } from "../lib/same.ts";
import { nodeAddress } from "../model/node-address.ts";
import type { Node } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { toTimestamp } from "../model/time.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../store/store.ts";
import {
  type NodeDescription,
  type NodeStatus,
  NodeStatus_State,
  NodeStatusSchema,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Objects changed in one log entry. SwarmKit: 200. */
const changesPerWrite = 200;

/** Writes what the dispatcher learns of nodes: only what differs from what is stored. */
export class NodeStates {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #managerId: string;

  /** `managerId` is this manager's node id, recorded with the statuses it writes. */
  constructor(options: { store: Store; clock: Clock; managerId: string }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#managerId = options.managerId;
  }

  /** The node has a session. Fault not_found for a node that is not in the swarm. */
  async ready(nodeId: string, address: string, description: NodeDescription | undefined): Promise<void> {
    await this.#store.update(tx => {
      const node = tx.node.get(nodeId);
      if (!node) throw new Fault("not_found", "node not found");
      const described = description ?? node.description;
      const status = statusOf(node, NodeStatus_State.READY, "", nodeAddress(address, described));
      if (same(node.status, status) && same(node.description, described)) return;
      tx.node.update({ ...node, status, description: described });
    });
  }

  /** The node is down, unless it has come back (`isBack`) before this is written. */
  async down(nodeId: string, message: string, isBack: () => boolean): Promise<void> {
    await this.#store.update(tx => {
      const node = tx.node.get(nodeId);
      if (!node || isBack() || node.status.state === NodeStatus_State.DOWN) return;
      tx.node.update({ ...node, status: statusOf(node, NodeStatus_State.DOWN, message) });
    });
  }

  /** A new leader knows of nobody whether they are up. What is DOWN or UNKNOWN stays so. */
  async unknown(nodeIds: readonly string[], isBack: (nodeId: string) => boolean): Promise<void> {
    const message = 'Node moved to "unknown" state due to leadership change in cluster';
    for (let from = 0; from < nodeIds.length; from += changesPerWrite) {
      await this.#store.update(tx => {
        for (const nodeId of nodeIds.slice(from, from + changesPerWrite)) {
          const node = tx.node.get(nodeId);
          if (!node || isBack(nodeId) || !mayBeUp(node)) continue;
          tx.node.update({ ...node, status: statusOf(node, NodeStatus_State.UNKNOWN, message) });
        }
      });
    }
  }

  /** Gives up the tasks of a node that has been down for long, so that what they hold becomes free. */
  async orphan(nodeId: string, isBack: () => boolean): Promise<void> {
    for (let more = true; more; ) {
      more = await this.#store.update(tx => {
        if (isBack()) return false;
        const lost = [...tx.task.byNode(nodeId)].filter(mayRunStill);
        for (const task of lost.slice(0, changesPerWrite)) tx.task.update(this.#orphaned(task));
        return lost.length > changesPerWrite;
      });
    }
  }

  #orphaned(task: Task): Task {
    const now = toTimestamp(this.#clock.now());
    const status = { ...task.status, state: TaskState.ORPHANED, timestamp: now, appliedAt: now };
    return { ...task, status: { ...status, appliedBy: this.#managerId } };
  }
}

function mayBeUp({ status }: Node): boolean {
  return status.state === NodeStatus_State.READY || status.state === NodeStatus_State.DISCONNECTED;
}

function mayRunStill(task: Task): boolean {
  return task.status.state >= TaskState.ASSIGNED && task.status.state <= TaskState.RUNNING;
}

function statusOf(node: Node, state: NodeStatus_State, message: string, addr = node.status.addr): NodeStatus {
  return create(NodeStatusSchema, { state, message, addr });
}
