import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Store } from "../store/store.ts";
import { type NodeDescription, NodeStatus_State } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Absences } from "./absences.ts";
import { NodeStates } from "./node-states.ts";

/** SwarmKit: a node that has been down this long has lost its tasks. */
const orphanAfterMs = 24 * 3_600_000;
/** When it could not be written that a node is down: how long until the next try. */
const retryMs = 5_000;

export interface PresenceOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly managerId: string;
  readonly hasSession: (nodeId: string) => boolean;
}

/** Follows for every node whether it is there: unknown after a change of leader, ready, down, and given up in the end. */
export class Presence {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #hasSession: (nodeId: string) => boolean;
  readonly #states: NodeStates;
  readonly #absences: Absences;
  #running = false;

  constructor(options: PresenceOptions) {
    this.#store = options.store;
    this.#log = options.log;
    this.#hasSession = options.hasSession;
    this.#states = new NodeStates(options);
    this.#absences = new Absences(options.clock);
  }

  /** A new leader: nodes that do not come back within `silenceMs` are down. */
  async start(silenceMs: number): Promise<void> {
    this.#running = true;
    const nodes = this.#store.view(tx => [...tx.node.all()]);
    for (const { id, status } of nodes) {
      if (status.state === NodeStatus_State.DOWN) this.#orphanLater(id);
      else this.expect(id, silenceMs);
    }
    const ids = nodes.map(node => node.id);
    await this.#states.unknown(ids, this.#hasSession);
  }

  stop(): void {
    this.#running = false;
    this.#absences.endAll();
  }

  /** The node has a session. Fault not_found for a node that is not in the swarm. */
  async back(nodeId: string, address: string, description: NodeDescription | undefined): Promise<void> {
    this.#absences.end(nodeId);
    await this.#states.ready(nodeId, address, description);
    this.#log.debug("a node has a session", { node: nodeId, address });
  }

  /** The node has no session: it is down unless it gets one within `silenceMs`. */
  expect(nodeId: string, silenceMs: number): void {
    if (!this.#running) return;
    this.#absences.after(nodeId, silenceMs, () => this.lost(nodeId, 'heartbeat failure for node in "unknown" state'));
  }

  /** The node has missed its heartbeats. */
  lost(nodeId: string, message = "heartbeat failure"): void {
    this.#log.warn("a node is down", { node: nodeId, reason: message });
    const written = this.#states.down(nodeId, message, () => this.#hasSession(nodeId));
    written.then(
      () => this.#orphanLater(nodeId),
      error => {
        this.#log.warn("cannot write that a node is down", { node: nodeId, error });
        if (this.#isAway(nodeId)) this.#absences.after(nodeId, retryMs, () => this.lost(nodeId, message));
      },
    );
  }

  /** The node is no more. */
  forget(nodeId: string): void {
    this.#absences.end(nodeId);
  }

  #isAway(nodeId: string): boolean {
    return this.#running && !this.#hasSession(nodeId);
  }

  #orphanLater(nodeId: string): void {
    if (!this.#isAway(nodeId)) return;
    this.#absences.after(nodeId, orphanAfterMs, () => {
      this.#states
        .orphan(nodeId, () => this.#hasSession(nodeId))
        .catch(error => {
          this.#log.warn("cannot give up the tasks of a node", { node: nodeId, error });
          this.#orphanLater(nodeId);
        });
    });
  }
}
