import { create } from "@bufbuild/protobuf";
import { Channel } from "../lib/channel.ts";
import { asFault } from "../lib/fault.ts";
import { selects } from "../model/log-selector.ts";
import { nanosToTimestamp } from "../model/time.ts";
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
import { readingOf } from "./log-options.ts";
import type { TaskRunner } from "./task-runner.ts";
import type { TaskSet } from "./task-set.ts";

/** Lines that wait to be sent before the containers' logs are read on. */
const waitingLines = 256;
/** Lines and bytes in one message, whichever is reached first. */
const linesPerMessage = 100;
const bytesPerMessage = 64 * 1024;

export interface LogPublisherOptions {
  readonly nodeId: string;
  readonly runtime: Runtime;
  readonly tasks: TaskSet;
  readonly client: Client<typeof LogBroker>;
  readonly log: Logger;
}

/** Serves one subscription: reads the logs of the tasks it asks for and sends them, no faster than they are taken. */
export class LogPublisher {
  readonly #subscription: SubscriptionMessage;
  readonly #options: LogPublisherOptions;
  readonly #lines = new Channel<LogMessage>(waitingLines);
  readonly #closing = new AbortController();
  readonly #reading = new Map<string, Promise<void>>();

  constructor(subscription: SubscriptionMessage, options: LogPublisherOptions) {
    this.#subscription = subscription;
    this.#options = options;
  }

  /** Resolves when everything is sent, or nobody wants it any more. */
  async run(): Promise<void> {
    const { tasks, client, log } = this.#options;
    const follow = this.#subscription.options?.follow ?? false;
    const stop = follow ? tasks.onChange(runner => this.#attach(runner)) : undefined;
    for (const runner of tasks.runners()) this.#attach(runner);
    if (!follow) void Promise.all(this.#reading.values()).then(() => this.#lines.close());
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
  #attach({ task, local }: TaskRunner): void {
    const { selector } = this.#subscription;
    if (!selector || !selects(selector, task) || this.#reading.has(task.id)) return;
    if (local.status.state < TaskState.STARTING || local.status.runtimeStatus.case === undefined) return;
    this.#reading.set(task.id, this.#read(task));
  }

  async #read(task: { readonly id: string; readonly serviceId: string }): Promise<void> {
    const { nodeId, runtime, log } = this.#options;
    const { options, sinceNs, skip } = readingOf(this.#subscription.options);
    const context = { serviceId: task.serviceId, nodeId, taskId: task.id };
    let passed = 0;
    try {
      for await (const line of runtime.logs(task.id, { ...options, signal: this.#closing.signal })) {
        if (line.timestampNs < sinceNs) continue;
        passed += 1;
        if (passed > skip && !(await this.#lines.send(messageOf(line, context)))) return;
      }
    } catch (error) {
      log.debug("cannot read a task's log", { task: task.id, error: asFault(error).message });
    }
  }

  async *#messages(): AsyncGenerator<PublishLogsMessage, void> {
    const subscriptionId = this.#subscription.id;
    for await (const first of this.#lines) {
      const messages = [first];
      let bytes = first.data.length;
      while (messages.length < linesPerMessage && bytes < bytesPerMessage) {
        const [next] = this.#lines.takeNow(1);
        if (!next) break;
        bytes += next.data.length;
        messages.push(next);
      }
      yield create(PublishLogsMessageSchema, { subscriptionId, messages });
    }
    yield create(PublishLogsMessageSchema, { subscriptionId, close: true });
  }
}

function messageOf(line: LogLine, context: { serviceId: string; nodeId: string; taskId: string }): LogMessage {
  return create(LogMessageSchema, {
    context,
    timestamp: nanosToTimestamp(line.timestampNs),
    stream: line.stream === "stdout" ? LogStream.STDOUT : LogStream.STDERR,
    data: line.data,
  });
}
