import { create } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { Channel } from "../lib/channel.ts";
import { Fault } from "../lib/fault.ts";
import {
  type LogMessage,
  type LogSelector,
  type LogSubscriptionOptions,
  LogSubscriptionOptionsSchema,
  type SubscriptionMessage,
  SubscriptionMessageSchema,
} from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";

/** Batches of lines that wait for a slow reader before the agents have to wait. */
const waitingBatches = 16;

/** One reader of logs and the nodes that hold them. Without follow it ends when each of them has sent what it has. */
export class LogSubscription {
  readonly id: string;
  readonly selector: LogSelector;
  readonly lines = new Channel<readonly LogMessage[]>(waitingBatches);
  readonly #options: LogSubscriptionOptions;
  readonly #waitingFor = new Set<string>();
  readonly #nodes = new Set<string>();
  readonly #newest = new Map<string, Timestamp>();
  readonly #problems: string[] = [];

  constructor(id: string, selector: LogSelector, options: LogSubscriptionOptions | undefined) {
    this.id = id;
    this.selector = selector;
    this.#options = options ?? create(LogSubscriptionOptionsSchema);
  }

  get follow(): boolean {
    return this.#options.follow;
  }

  get nodes(): ReadonlySet<string> {
    return this.#nodes;
  }

  /** A node that holds some of the logs. */
  add(nodeId: string): void {
    this.#nodes.add(nodeId);
    this.#waitingFor.add(nodeId);
  }

  /** Something that was asked for cannot be had. The reader is told at the end, after what could be had. */
  miss(problem: string): void {
    this.#problems.push(problem);
  }

  /** Lines from a node. Resolves when there is room for more; with false when nobody reads any more. */
  async put(nodeId: string, lines: readonly LogMessage[]): Promise<boolean> {
    const newest = lines.at(-1)?.timestamp;
    if (newest) this.#newest.set(nodeId, newest);
    return this.lines.send(lines);
  }

  /** The node has no more to send, or (`problem`) cannot. */
  done(nodeId: string, problem?: string): void {
    if (!this.#waitingFor.delete(nodeId)) return;
    if (problem !== undefined) this.miss(problem);
    this.endIfDone();
  }

  endIfDone(): void {
    if (this.follow || this.#waitingFor.size > 0) return;
    // Docker's text, shown to the user below what could be had.
    const text = `warning: incomplete log stream. some logs could not be retrieved for the following reasons: ${this.#problems.join(", ")}`;
    this.lines.close(this.#problems.length > 0 ? new Fault("unknown", text) : undefined);
  }

  /** What a node is asked for. One that sent lines before its connection broke is asked only for what came later. */
  request(nodeId: string): SubscriptionMessage {
    const newest = this.#newest.get(nodeId);
    const options = newest ? { ...this.#options, tail: 0n, since: nextNano(newest) } : this.#options;
    return create(SubscriptionMessageSchema, { id: this.id, selector: this.selector, options });
  }

  closing(): SubscriptionMessage {
    return create(SubscriptionMessageSchema, { id: this.id, selector: this.selector, close: true });
  }
}

function nextNano(stamp: Timestamp): Timestamp {
  const last = stamp.nanos === 999_999_999;
  return { ...stamp, seconds: stamp.seconds + (last ? 1n : 0n), nanos: last ? 0 : stamp.nanos + 1 };
}
