import { create } from "@bufbuild/protobuf";
import { assert } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import { toDuration } from "../model/time.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import { type Meters, noMeters } from "../ports/meters.ts";
import type { Random } from "../ports/random.ts";
import type { CallContext, Handlers } from "../ports/transport.ts";
import type { Store } from "../store/store.ts";
import { findCluster } from "../store/the-cluster.ts";
import type { StoreEvent } from "../store/tx.ts";
import {
  type Dispatcher as DispatcherService,
  HeartbeatResponseSchema,
  type SessionMessage,
  type SessionRequest,
  type UpdateTaskStatusRequest,
} from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import type {
  ConfirmNetworkRequest,
  DepartureRequest,
  NetworkFeed,
  NetworkMessage,
} from "../wire/gen/shoal/v1/network_pb.ts";
import type { Usage, UsageReport } from "../wire/gen/shoal/v1/usage_pb.ts";
import { assignmentMessages, taskLists } from "./assignment-stream.ts";
import { heartbeatPeriodMs, missedHeartbeats, spreadPeriodMs } from "./heartbeat.ts";
import { departed } from "./plane/departure.ts";
import { networkMessages } from "./plane/plane-stream.ts";
import { PlaneWatch } from "./plane/plane-watch.ts";
import { Presence } from "./presence.ts";
import type { NodeSession } from "./session.ts";
import { type ManagerPeer, sameNews, sessionMessage } from "./session-message.ts";
import { notRegistered, SessionTable } from "./session-table.ts";
import { StatusBatch } from "./status-batch.ts";
import { UsageService } from "./usage/usage-service.ts";

type Answer<K extends keyof Handlers<typeof DispatcherService>> = ReturnType<Handlers<typeof DispatcherService>[K]>;

export interface DispatcherOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly meters?: Meters | undefined;
  /** This manager's node id, recorded with the statuses it writes. */
  readonly nodeId: string;
  /** The managers that agents may connect to, now. Call `peersChanged` when that changes. */
  readonly peers: () => readonly ManagerPeer[];
}

/**
 * The leader's end of every agent: sessions and heartbeats, assignments out, statuses in. Runs only while this manager
 * leads; otherwise its handlers answer unavailable, and agents look for the leader elsewhere.
 */
export class Dispatcher {
  readonly handlers: Handlers<typeof DispatcherService>;
  /** What nodes are told of their networks, for as long as they have a session. */
  readonly network: Handlers<typeof NetworkFeed>;
  /** What nodes say their tasks use, and who looks at it. */
  readonly usage: Handlers<typeof Usage>;
  readonly #store: Store;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #peers: () => readonly ManagerPeer[];
  readonly #sessions: SessionTable;
  readonly #presence: Presence;
  readonly #statuses: StatusBatch;
  readonly #planes = new PlaneWatch();
  readonly #usage: UsageService;
  readonly #meters: Meters;
  #unsubscribe: (() => void) | undefined;

  constructor(options: DispatcherOptions) {
    const { store, clock, random, nodeId: managerId, meters = noMeters } = options;
    this.#meters = meters;
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#peers = options.peers;
    this.#sessions = new SessionTable({ clock, random, meters, onSilent: nodeId => this.#presence.lost(nodeId) });
    const hasSession = (nodeId: string): boolean => this.#sessions.has(nodeId);
    this.#presence = new Presence({ store, clock, managerId, log: options.log, hasSession });
    this.#statuses = new StatusBatch({ store, clock, managerId });
    this.handlers = {
      session: (request, context) => this.#session(request, context),
      heartbeat: (request, context) => this.#heartbeat(request.sessionId, context),
      updateTaskStatus: (request, context) => this.#updateTaskStatus(request, context),
      updateVolumeStatus: (request, context) => this.#updateVolumeStatus(request.sessionId, context),
      tasks: (request, context) => this.#tasks(request.sessionId, context),
      assignments: (request, context) => this.#assignments(request.sessionId, context),
    };
    this.network = {
      watch: (request, context) => this.#network(request.sessionId, context),
      confirm: (request, context) => this.#confirm(request, context),
      departure: (request, context) => this.#departure(request, context),
    };
    this.#usage = new UsageService({ store, clock, random });
    this.usage = {
      report: (request, context) => this.#report(request, context),
      watch: (request, context) => {
        this.#caller(context);
        return this.#usage.watch(request, context);
      },
    };
  }

  /** Begins to lead. Resolves when it is written that nobody knows yet which nodes are up. */
  async start(): Promise<void> {
    assert(!this.#unsubscribe, "a dispatcher is started once at a time");
    this.#unsubscribe = this.#store.onCommit(events => this.#observe(events));
    await this.#presence.start(this.#silenceMs());
  }

  /** Ends to lead: every session ends with unavailable, so that its agent looks for the new leader. */
  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#presence.stop();
    this.#usage.stop();
    this.#sessions.endAll(new Fault("unavailable", "dispatcher is stopped"));
  }

  /** Tells every agent of the managers there are now. */
  peersChanged(): void {
    for (const session of this.#sessions.all()) session.wake();
  }

  async *#session(request: SessionRequest, context: CallContext): AsyncGenerator<SessionMessage, void> {
    const session = await this.#join(this.#caller(context), request, context.peerAddress);
    const feed = session.open("session", context.signal);
    let told: SessionMessage | undefined;
    try {
      do {
        const message = this.#store.view(tx => sessionMessage(tx, session, this.#peers()));
        if (told && sameNews(told, message)) continue;
        told = message;
        yield message;
      } while (await feed.next());
    } finally {
      feed.close();
    }
  }

  /** The node's running session if it names that, else a new one. */
  async #join(nodeId: string, request: SessionRequest, address: string): Promise<NodeSession> {
    this.#refuseRemoved(nodeId);
    const running = this.#sessions.get(nodeId);
    const silenceMs = this.#silenceMs();
    const known = running && running.id === request.sessionId;
    const session = known ? running : this.#sessions.register(nodeId, silenceMs);
    if (known) this.#sessions.beat(session, silenceMs);
    try {
      await this.#presence.back(nodeId, address, request.description);
    } catch (error) {
      if (this.#sessions.get(nodeId) === session) this.#sessions.end(nodeId, notRegistered());
      this.#presence.expect(nodeId, silenceMs);
      throw error;
    }
    return session;
  }

  async #heartbeat(sessionId: string, context: CallContext): Answer<"heartbeat"> {
    const session = this.#require(sessionId, context);
    const periodMs = this.#periodMs();
    this.#sessions.beat(session, periodMs * missedHeartbeats);
    this.#meters.heartbeat();
    return create(HeartbeatResponseSchema, { period: toDuration(periodMs) });
  }

  async #updateTaskStatus(request: UpdateTaskStatusRequest, context: CallContext): Answer<"updateTaskStatus"> {
    const { nodeId } = this.#require(request.sessionId, context);
    const reports = this.#store.view(tx =>
      request.updates.flatMap(({ taskId, status }) => {
        const task = tx.task.get(taskId);
        if (task && task.nodeId !== nodeId)
          throw new Fault("permission_denied", "cannot update a task not assigned this node");
        return task && status ? [{ nodeId, taskId, status }] : [];
      }),
    );
    if (reports.length > 0) await this.#statuses.submit(reports);
    return {};
  }

  async #updateVolumeStatus(sessionId: string, context: CallContext): Answer<"updateVolumeStatus"> {
    this.#require(sessionId, context);
    throw new Fault("unimplemented", "Cannot update volumes: this swarm has no cluster volumes");
  }

  #assignments(sessionId: string, context: CallContext): Answer<"assignments"> {
    const session = this.#require(sessionId, context);
    return assignmentMessages(this.#store, this.#clock, session, context.signal);
  }

  #tasks(sessionId: string, context: CallContext): Answer<"tasks"> {
    const session = this.#require(sessionId, context);
    return taskLists(this.#store, this.#clock, session, context.signal);
  }

  #network(sessionId: string, context: CallContext): AsyncGenerator<NetworkMessage, void> {
    const session = this.#require(sessionId, context);
    return networkMessages(this.#store, this.#clock, session, this.#planes, context.signal);
  }

  async #confirm({ sessionId, number }: ConfirmNetworkRequest, context: CallContext): Promise<object> {
    this.#planes.confirm(this.#require(sessionId, context).nodeId, number);
    return {};
  }

  async #departure({ sessionId, taskId }: DepartureRequest, context: CallContext): Promise<object> {
    this.#require(sessionId, context);
    await departed(this.#store, this.#planes, taskId, context.signal);
    return {};
  }

  async #report(report: UsageReport, context: CallContext): Promise<{ nextMs: number }> {
    const { nodeId } = this.#require(report.sessionId, context);
    return { nextMs: this.#usage.report(nodeId, report) };
  }

  #caller({ caller }: CallContext): string {
    if (!this.#unsubscribe) throw new Fault("unavailable", "dispatcher is stopped");
    if (!caller) throw new Fault("unauthenticated", "only nodes of the swarm have sessions");
    return caller.nodeId;
  }

  #require(sessionId: string, context: CallContext): NodeSession {
    return this.#sessions.require(this.#caller(context), sessionId);
  }

  #refuseRemoved(nodeId: string): void {
    const removed = this.#store.view(tx => nodeId in (findCluster(tx)?.blacklistedCertificates ?? {}));
    if (removed) throw new Fault("permission_denied", `node ${nodeId} was removed from the swarm`);
  }

  #observe(events: readonly StoreEvent[]): void {
    for (const event of events) {
      this.#planes.see(event);
      this.#usage.observe(event);
      if (event.kind === "task") this.#sessions.get(event.object.nodeId)?.wakeTask(event.object.id);
      else if (event.kind === "cluster") this.peersChanged();
      else if (event.kind === "node" && event.action === "remove") this.#removed(event.object.id);
      else if (event.kind === "node") this.#sessions.get(event.object.id)?.wake();
    }
  }

  #removed(nodeId: string): void {
    this.#presence.forget(nodeId);
    this.#sessions.forget(nodeId, new Fault("permission_denied", `node ${nodeId} was removed from the swarm`));
  }

  #periodMs(): number {
    const cluster = this.#store.view(findCluster);
    return spreadPeriodMs(heartbeatPeriodMs(cluster), this.#random.float());
  }

  #silenceMs(): number {
    return this.#periodMs() * missedHeartbeats;
  }
}
