import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import { TimeOrder } from "../lib/time-order.ts";
import type { Task } from "../model/task.ts";
import { nanosToTimestamp, toNanos, toTimestamp } from "../model/time.ts";
import type { Clock } from "../ports/clock.ts";
import {
  type LogMessage,
  LogMessageSchema,
  type LogSelector,
  LogStream,
  type LogSubscriptionOptions,
  LogSubscriptionOptionsSchema,
  type SubscriptionMessage,
  SubscriptionMessageSchema,
} from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";

/** Lines of a node that wait for a slow reader, or for the other nodes' earlier ones, before the agent has to wait. */
const waitingLines = 200;
/**
 * How long lines wait for earlier ones of other nodes, in milliseconds: of logs that end, and of those that go on. Longer
 * than an agent waits for its own tasks.
 */
const holdMs = { toTheEnd: 10_000, follow: 200 } as const;
/** How long a followed node may be away before its lines count as missing, in milliseconds. */
const absenceMs = 10_000;
/** Under what name the subscription's own lines are put in order. */
const own = "";

type LoggedTask = Pick<Task, "id" | "serviceId" | "nodeId">;

/**
 * One reader of logs and the nodes that hold them; the lines come in the order of their times. Without follow it ends
 * when each node has sent what it has. What cannot be had is a line on stderr, under the name of a task that it
 * concerns: the reader gets all the rest.
 */
export class LogSubscription {
  readonly id: string;
  readonly selector: LogSelector;
  readonly lines: TimeOrder<LogMessage>;
  readonly #options: LogSubscriptionOptions;
  readonly #clock: Clock;
  readonly #waitingFor = new Set<string>();
  readonly #nodes = new Map<string, LoggedTask | undefined>();
  /** For each node, the time of the newest line that came of each of its tasks, in nanoseconds since 1970. */
  readonly #newest = new Map<string, Map<string, bigint>>();
  /** The same for nodes that were asked again, as it was then: what comes from before that has come already. */
  readonly #known = new Map<string, ReadonlyMap<string, bigint>>();
  readonly #warnings: LogMessage[] = [];
  /** Problems that concern no task. */
  readonly #problems: string[] = [];

  constructor(id: string, selector: LogSelector, options: LogSubscriptionOptions | undefined, clock: Clock) {
    this.id = id;
    this.selector = selector;
    this.#options = options ?? create(LogSubscriptionOptionsSchema);
    this.#clock = clock;
    const hold = this.follow ? holdMs.follow : holdMs.toTheEnd;
    this.lines = new TimeOrder({ timeOf, holdMs: hold, waiting: waitingLines, clock });
  }

  get follow(): boolean {
    return this.#options.follow;
  }

  /** The nodes that were asked, each with a task whose log it holds, where one is known. */
  get nodes(): ReadonlyMap<string, LoggedTask | undefined> {
    return this.#nodes;
  }

  /** A node that holds some of the logs; of `task`, where one is known. */
  add(nodeId: string, task: LoggedTask | undefined): void {
    this.#nodes.set(nodeId, task);
    this.#waitingFor.add(nodeId);
    this.lines.open(nodeId);
  }

  /** Something that was asked for cannot be had. Who follows is told at once, others after what could be had. */
  miss(problem: string, task: LoggedTask | undefined): void {
    if (!task) this.#problems.push(problem);
    else if (this.follow) void this.lines.put(own, [this.#warning(problem, task)]);
    else this.#warnings.push(this.#warning(problem, task));
  }

  /** Lines from a node. Resolves when there is room for more; with false when nobody reads any more. */
  async put(nodeId: string, lines: readonly LogMessage[]): Promise<boolean> {
    const newest = this.#newest.get(nodeId) ?? new Map<string, bigint>();
    this.#newest.set(nodeId, newest);
    const known = this.#known.get(nodeId);
    const fresh = lines.filter(line => timeOf(line) > (known?.get(taskOf(line)) ?? -1n));
    for (const line of fresh) newest.set(taskOf(line), timeOf(line));
    return fresh.length > 0 ? this.lines.put(nodeId, fresh) : !this.lines.closed;
  }

  /** The node has no more to send, or (`problem`) cannot. Where that can still come, who follows is told late. */
  done(nodeId: string, problem?: string): void {
    if (!this.#waitingFor.delete(nodeId)) return;
    this.lines.finish(nodeId);
    const miss = (): void => {
      if (problem !== undefined && !this.#waitingFor.has(nodeId)) this.miss(problem, this.#nodes.get(nodeId));
    };
    if (this.follow) this.#clock.after(absenceMs, miss);
    else miss();
    this.endIfDone();
  }

  endIfDone(): void {
    if (this.follow || this.#waitingFor.size > 0) return;
    const fault = this.#problems.length > 0 ? new Fault("unknown", incomplete(this.#problems)) : undefined;
    void this.lines.put(own, this.#warnings).then(() => this.lines.end(fault));
  }

  /** What a node is asked for. One whose connection broke after it sent lines is asked for what came later. */
  request(nodeId: string): SubscriptionMessage {
    const newest = this.#newest.get(nodeId);
    let options = this.#options;
    if (newest && newest.size > 0) {
      this.#known.set(nodeId, new Map(newest));
      const [oldest = 0n] = [...newest.values()].sort((a, b) => Number(a - b));
      options = { ...options, tail: 0n, since: nanosToTimestamp(oldest) };
    }
    return create(SubscriptionMessageSchema, { id: this.id, selector: this.selector, options });
  }

  /** What a node is asked for that had nothing of this when the reader came: nothing is left out. */
  wholeRequest(): SubscriptionMessage {
    const options = { ...this.#options, tail: 0n };
    return create(SubscriptionMessageSchema, { id: this.id, selector: this.selector, options });
  }

  closing(): SubscriptionMessage {
    return create(SubscriptionMessageSchema, { id: this.id, selector: this.selector, close: true });
  }

  #warning(problem: string, { id: taskId, serviceId, nodeId }: LoggedTask): LogMessage {
    return create(LogMessageSchema, {
      context: { taskId, serviceId, nodeId },
      timestamp: toTimestamp(this.#clock.now()),
      stream: LogStream.STDERR,
      data: Buffer.from(`${incomplete([problem])}\n`),
    });
  }
}

/** Docker's text. */
function incomplete(reasons: readonly string[]): string {
  const text = "warning: incomplete log stream. some logs could not be retrieved for the following reasons";
  return `${text}: ${reasons.join(", ")}`;
}

function taskOf({ context }: LogMessage): string {
  return context?.taskId ?? "";
}

function timeOf({ timestamp }: LogMessage): bigint {
  return toNanos(timestamp);
}
