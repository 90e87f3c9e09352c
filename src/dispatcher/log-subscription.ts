import { create } from "@bufbuild/protobuf";
import { Channel } from "../lib/channel.ts";
import { Fault } from "../lib/fault.ts";
import { nanosToTimestamp } from "../model/time.ts";
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
  /** For each node, the time of the newest line that came of each of its tasks, in nanoseconds since 1970. */
  readonly #newest = new Map<string, Map<string, bigint>>();
  /** The same for nodes that were asked again, as it was then: what comes from before that has come already. */
  readonly #known = new Map<string, ReadonlyMap<string, bigint>>();
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
    const newest = this.#newest.get(nodeId) ?? new Map<string, bigint>();
    this.#newest.set(nodeId, newest);
    const known = this.#known.get(nodeId);
    const fresh = lines.filter(line => timeOf(line) > (known?.get(taskOf(line)) ?? -1n));
    for (const line of fresh) newest.set(taskOf(line), timeOf(line));
    return fresh.length > 0 ? this.lines.send(fresh) : !this.lines.closed;
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

  closing(): SubscriptionMessage {
    return create(SubscriptionMessageSchema, { id: this.id, selector: this.selector, close: true });
  }
}

function taskOf({ context }: LogMessage): string {
  return context?.taskId ?? "";
}

function timeOf({ timestamp }: LogMessage): bigint {
  return timestamp ? timestamp.seconds * 1_000_000_000n + BigInt(timestamp.nanos) : 0n;
}
