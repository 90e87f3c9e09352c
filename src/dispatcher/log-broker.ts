import { create } from "@bufbuild/protobuf";
import { onAbort } from "../lib/bell.ts";
import { Fault } from "../lib/fault.ts";
import { newId } from "../lib/ids.ts";
import { selects } from "../model/log-selector.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { CallContext, Handlers } from "../ports/transport.ts";
import type { Store } from "../store/store.ts";
import type { StoreEvent } from "../store/tx.ts";
import {
  type LogBroker as LogBrokerService,
  type LogMessage,
  type Logs as LogsService,
  type PublishLogsMessage,
  type PublishLogsResponse,
  PublishLogsResponseSchema,
  type SubscribeLogsMessage,
  SubscribeLogsMessageSchema,
  type SubscribeLogsRequest,
  type SubscriptionMessage,
} from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { isEmpty, sourcesOf } from "./log-selection.ts";
import { LogSubscription } from "./log-subscription.ts";
import { NodeListeners } from "./node-listeners.ts";

/** Readers of logs at one time. */
const maxSubscriptions = 1_000;
/** Messages that may wait for one agent; an agent further behind has to listen anew. */
const waitingMessages = 2 * maxSubscriptions;

/** Brings readers of logs together with the agents that hold them. Runs only on the leader, like the dispatcher. */
export class LogBroker {
  /** For the API: `docker service logs`. */
  readonly logs: Handlers<typeof LogsService>;
  /** For agents. */
  readonly agents: Handlers<typeof LogBrokerService>;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #subscriptions = new Map<string, LogSubscription>();
  readonly #listeners = new NodeListeners<SubscriptionMessage>(waitingMessages);
  #unsubscribe: (() => void) | undefined;

  constructor(options: { store: Store; clock: Clock; random: Random; log: Logger }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#log = options.log;
    this.logs = { subscribeLogs: (request, context) => this.#subscribe(request, context) };
    this.agents = {
      listenSubscriptions: (_request, context) => this.#listen(context),
      publishLogs: (requests, context) => this.#publish(requests, context),
    };
  }

  start(): void {
    this.#unsubscribe ??= this.#store.onCommit(events => this.#observe(events), ["task"]);
  }

  /** Ends every stream with unavailable. */
  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    const stopped = new Fault("unavailable", "log broker is stopped");
    for (const subscription of this.#subscriptions.values()) subscription.lines.end(stopped);
    this.#listeners.stop(stopped);
  }

  async *#subscribe(
    { selector, options }: SubscribeLogsRequest,
    { signal }: CallContext,
  ): AsyncGenerator<SubscribeLogsMessage, void> {
    this.#requireRunning();
    if (!selector || isEmpty(selector)) throw new Fault("invalid_argument", "log selector must be provided");
    if (this.#subscriptions.size >= maxSubscriptions)
      throw new Fault("resource_exhausted", `Cannot read logs: ${maxSubscriptions} are being read already`);
    const subscription = new LogSubscription(newId(this.#random), selector, options, this.#clock);
    const unhook = onAbort(signal, () => subscription.lines.close());
    this.#subscriptions.set(subscription.id, subscription);
    try {
      this.#ask(subscription);
      for await (const messages of subscription.lines) {
        yield create(SubscribeLogsMessageSchema, { messages: [...messages] });
      }
    } finally {
      unhook();
      this.#subscriptions.delete(subscription.id);
      for (const nodeId of subscription.nodes.keys()) this.#listeners.tell(nodeId, subscription.closing());
    }
  }

  #ask(subscription: LogSubscription): void {
    const { nodes, unscheduled } = this.#store.view(tx => sourcesOf(tx, subscription.selector));
    for (const task of unscheduled) subscription.miss(`task ${task.id} has not been scheduled`, task);
    for (const [nodeId, task] of nodes) subscription.add(nodeId, task);
    for (const nodeId of nodes.keys()) {
      if (this.#listeners.tell(nodeId, subscription.request(nodeId))) continue;
      subscription.miss(`node ${nodeId} is not available`, nodes.get(nodeId));
      subscription.done(nodeId);
    }
    subscription.endIfDone();
  }

  async *#listen(context: CallContext): AsyncGenerator<SubscriptionMessage, void> {
    const nodeId = this.#caller(context);
    const followed = [...this.#subscriptions.values()].filter(({ follow, nodes }) => follow && nodes.has(nodeId));
    const first = followed.map(subscription => {
      subscription.add(nodeId, subscription.nodes.get(nodeId));
      return subscription.request(nodeId);
    });
    yield* this.#listeners.listen(nodeId, context.signal, { first, left: () => this.#left(nodeId) });
  }

  #left(nodeId: string): void {
    for (const subscription of this.#subscriptions.values())
      subscription.done(nodeId, `node ${nodeId} disconnected unexpectedly`);
  }

  async #publish(requests: AsyncIterable<PublishLogsMessage>, context: CallContext): Promise<PublishLogsResponse> {
    const nodeId = this.#caller(context);
    const allowed = new Set<string>();
    let subscription: LogSubscription | undefined;
    let complete = false;
    try {
      for await (const { subscriptionId, messages, close } of requests) {
        subscription ??= this.#subscriptions.get(subscriptionId);
        if (subscription?.id !== subscriptionId) throw new Fault("not_found", "unknown subscription ID");
        if (!subscription.nodes.has(nodeId)) throw new Fault("permission_denied", `node ${nodeId} was not asked`);
        for (const message of messages) this.#check(message, subscription, nodeId, allowed);
        const wanted = messages.length === 0 || (await subscription.put(nodeId, messages));
        complete = close || !wanted;
        if (complete) break;
      }
    } finally {
      subscription?.done(nodeId, complete ? undefined : `node ${nodeId} disconnected unexpectedly`);
    }
    return create(PublishLogsResponseSchema);
  }

  /** A node may publish what its own tasks say, and only what was asked for. Looks each task up once (`allowed`). */
  #check({ context }: LogMessage, { selector }: LogSubscription, nodeId: string, allowed: Set<string>): void {
    const { taskId = "", serviceId = "" } = context ?? {};
    const task = context?.nodeId === nodeId ? { taskId, serviceId } : undefined;
    const key = `${taskId} ${serviceId}`;
    if (task && allowed.has(key)) return;
    const stored = task && this.#store.view(tx => tx.task.get(taskId));
    // A task that was deleted in the meantime was this node's too: its subscription knew it.
    const own = !stored || (stored.nodeId === nodeId && stored.serviceId === serviceId);
    if (!task || !own || !selects(selector, { id: taskId, serviceId, nodeId })) {
      this.#log.warn("a node published logs that are not its own", { node: nodeId, task: taskId });
      throw new Fault("permission_denied", `node ${nodeId} may not publish logs of task ${taskId}`);
    }
    allowed.add(key);
  }

  /** Followed services get new tasks, on nodes that were not asked yet. */
  #observe(events: readonly StoreEvent[]): void {
    for (const event of events) {
      if (event.kind !== "task" || event.action === "remove" || event.object.nodeId === "") continue;
      for (const subscription of this.#subscriptions.values()) {
        const { nodeId } = event.object;
        if (!subscription.follow || subscription.nodes.has(nodeId)) continue;
        if (!selects(subscription.selector, event.object)) continue;
        subscription.add(nodeId, event.object);
        this.#listeners.tell(nodeId, subscription.wholeRequest());
      }
    }
  }

  #requireRunning(): void {
    if (!this.#unsubscribe) throw new Fault("unavailable", "log broker is stopped");
  }

  #caller({ caller }: CallContext): string {
    this.#requireRunning();
    if (!caller) throw new Fault("unauthenticated", "only nodes of the swarm have logs");
    return caller.nodeId;
  }
}
