import { create } from "@bufbuild/protobuf";
import { asFault } from "../lib/fault.ts";
import { TimeOrder } from "../lib/time-order.ts";
import { selects } from "../model/log-selector.ts";
import { nanosToTimestamp, toNanos } from "../model/time.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { LogLine, Runtime } from "../ports/runtime.ts";
import type { Client } from "../ports/transport.ts";
import {
  type LogBroker,
  type LogMessage,
  LogMessageSchema,
  LogStream,
  type PublishLogsMessage,
  PublishLogsMessageSchema,
  type SubscriptionMessage,
} from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type LogReading, readingOf } from "./log-options.ts";
import type { TaskRunner } from "./task-runner.ts";
import type { TaskSet } from "./task-set.ts";

/** Lines of a task that wait to be sent before its log is read on. */
const waitingLines = 100;
/** How long lines wait for earlier ones of other tasks, in milliseconds: of logs that end, and of those that go on. */
const holdMs = { toTheEnd: 5_000, follow: 100 } as const;
/** Bytes of log in one message. */
const bytesPerMessage = 64 * 1024;

export interface LogPublisherOptions {
  readonly nodeId: string;
  readonly runtime: Runtime;
  readonly tasks: TaskSet;
  readonly client: Client<typeof LogBroker>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Serves one subscription: reads the logs of the tasks it asks for and sends them, no faster than they are taken. */
export class LogPublisher {
  readonly #subscription: SubscriptionMessage;
  readonly #options: LogPublisherOptions;
  readonly #lines: TimeOrder<LogMessage>;
  readonly #closing = new AbortController();
  readonly #reading = new Map<string, Promise<void>>();

  constructor(subscription: SubscriptionMessage, options: LogPublisherOptions) {
    this.#subscription = subscription;
    this.#options = options;
    this.#lines = new TimeOrder({
      timeOf: ({ timestamp }) => toNanos(timestamp),
      holdMs: subscription.options?.follow ? holdMs.follow : holdMs.toTheEnd,
      waiting: waitingLines,
      clock: options.clock,
    });
  }

  /** Resolves when everything is sent, or nobody wants it any more. */
  async run(): Promise<void> {
    const { tasks, client, log } = this.#options;
    const follow = this.#subscription.options?.follow ?? false;
    const reading = readingOf(this.#subscription.options);
    for (const runner of tasks.runners()) this.#attach(runner, reading);
    // Of a task that comes later nothing was there to leave out.
    const whole = { ...reading, skip: 0, options: { ...reading.options, tail: -1 } };
    const stop = follow ? tasks.onChange(runner => this.#attach(runner, whole)) : undefined;
    if (!follow) void Promise.all(this.#reading.values()).then(() => this.#lines.end());
    try {
      await client.publishLogs(this.#messages(), { signal: this.#closing.signal });
    } catch (error) {
      if (!this.#closing.signal.aborted) log.debug("cannot publish logs", { error: asFault(error).message });
    } finally {
      stop?.();
      this.close();
    }
  }

  close(): void {
    this.#closing.abort();
    this.#lines.close();
  }

  /** Reads a task's log if it is asked for, has a container, and is not being read yet. */
  #attach({ task, local }: TaskRunner, reading: LogReading): void {
    const { selector } = this.#subscription;
    if (!selector || !selects(selector, task) || this.#reading.has(task.id)) return;
    if (local.status.state < TaskState.STARTING || local.status.runtimeStatus.case === undefined) return;
    this.#lines.open(task.id);
    this.#reading.set(
      task.id,
      this.#read(task, reading).finally(() => this.#lines.finish(task.id)),
    );
  }

  async #read(task: { readonly id: string; readonly serviceId: string }, reading: LogReading): Promise<void> {
    const { nodeId, runtime, log } = this.#options;
    const { options, sinceNs, skip } = reading;
    const context = { serviceId: task.serviceId, nodeId, taskId: task.id };
    let passed = 0;
    try {
      for await (const line of runtime.logs(task.id, { ...options, signal: this.#closing.signal })) {
        if (line.timestampNs < sinceNs) continue;
        passed += 1;
        if (passed > skip && !(await this.#lines.put(task.id, [messageOf(line, context)]))) return;
      }
    } catch (error) {
      log.debug("cannot read a task's log", { task: task.id, error: asFault(error).message });
    }
  }

  async *#messages(): AsyncGenerator<PublishLogsMessage, void> {
    const subscriptionId = this.#subscription.id;
    for await (const batch of this.#lines) {
      for (const messages of parcels(batch)) yield create(PublishLogsMessageSchema, { subscriptionId, messages });
    }
    yield create(PublishLogsMessageSchema, { subscriptionId, close: true });
  }
}

/** Lines in lists that are no larger than a message should be; a line that is larger goes by itself. */
function parcels(lines: readonly LogMessage[]): LogMessage[][] {
  const all: LogMessage[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    bytes += line.data.length;
    if (bytes <= bytesPerMessage) all.at(-1)?.push(line);
    else {
      all.push([line]);
      bytes = line.data.length;
    }
  }
  return all;
}

function messageOf(line: LogLine, context: { serviceId: string; nodeId: string; taskId: string }): LogMessage {
  return create(LogMessageSchema, {
    context,
    timestamp: nanosToTimestamp(line.timestampNs),
    stream: line.stream === "stdout" ? LogStream.STDOUT : LogStream.STDERR,
    data: line.data,
    attrs: Object.entries(line.attributes ?? {}).map(([key, value]) => ({ key, value })),
  });
}
