import { assert } from "../lib/assert.ts";
import { onAbort } from "../lib/bell.ts";
import { Fault } from "../lib/fault.ts";
import { same } from "../lib/same.ts";
import { fromDuration } from "../model/time.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Client, Connection } from "../ports/transport.ts";
import { Dispatcher, type SessionMessage } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import type { NodeDescription } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Reporter } from "./reporter.ts";
import type { TaskSet } from "./task-set.ts";

/** SwarmKit: how long an answer of a manager may take. */
const answerTimeoutMs = 5_000;
/** How often this machine is looked at for changes that the managers should know of. */
const describePeriodMs = 60_000;
/** The heartbeat period until the manager says otherwise. */
const firstHeartbeatPeriodMs = 5_000;

export interface SessionOptions {
  readonly connection: Connection;
  /** This machine, looked at anew. */
  readonly describe: () => Promise<NodeDescription>;
  readonly tasks: TaskSet;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly log: Logger;
  /** The session before this one, which a manager may still know; "" for none. */
  readonly resume: string;
  readonly description: NodeDescription;
  readonly onMessage: (message: SessionMessage) => void;
  /** The first assignments have come: the session works. */
  readonly onWorking: () => void;
}

/** One session with one manager, from its first message until something breaks. */
export class Session {
  readonly #options: SessionOptions;
  readonly #client: Client<typeof Dispatcher>;
  #id: string;
  #description: NodeDescription;
  /** Aborts to end the pause before this machine is looked at. */
  #pause = new AbortController();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#client = options.connection.client(Dispatcher);
    this.#id = options.resume;
    this.#description = options.description;
  }

  /** The session's id: what to resume later. */
  get id(): string {
    return this.#id;
  }

  /** What the managers are to be told of this machine; undefined when it is to be looked at first. */
  get description(): NodeDescription | undefined {
    return this.#pause.signal.aborted ? undefined : this.#description;
  }

  /** Looks at this machine now: it is known to have changed. */
  describeAgain(): void {
    this.#pause.abort();
  }

  /**
   * Resolves when the session is to be opened again because this machine has changed, or when `signal` aborts; rejects
   * when the session broke. Either way nothing of it goes on afterwards.
   */
  async run(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const unhook = onAbort(signal, () => over.abort());
    const parts: Promise<void>[] = [];
    try {
      const messages = await this.#open(over.signal);
      parts.push(
        this.#hear(messages),
        this.#beat(over.signal),
        this.#follow(over.signal),
        this.#report(over.signal),
        this.#describe(over.signal),
      );
      await Promise.race(parts);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      unhook();
      over.abort();
      await Promise.allSettled(parts);
    }
  }

  async #open(signal: AbortSignal): Promise<AsyncIterator<SessionMessage>> {
    const opened = new AbortController();
    const unhook = onAbort(signal, () => opened.abort());
    const timer = this.#options.clock.after(answerTimeoutMs, () => opened.abort());
    const stream = this.#client.session(
      { sessionId: this.#id, description: this.#description },
      { signal: opened.signal },
    );
    const messages = stream[Symbol.asyncIterator]();
    try {
      const first = await messages.next();
      if (first.done) throw new Fault("unavailable", "the manager ended the session at once");
      this.#id = first.value.sessionId;
      this.#options.onMessage(first.value);
      return messages;
    } catch (error) {
      unhook();
      if (!opened.signal.aborted || signal.aborted) throw error;
      throw new Fault("deadline_exceeded", `no session within ${answerTimeoutMs} ms`, { cause: error });
    } finally {
      timer.cancel();
    }
  }

  async #hear(messages: AsyncIterator<SessionMessage>): Promise<void> {
    for (let next = await messages.next(); !next.done; next = await messages.next()) {
      this.#options.onMessage(next.value);
    }
    throw new Fault("unavailable", "the manager ended the session");
  }

  async #beat(signal: AbortSignal): Promise<void> {
    let periodMs = firstHeartbeatPeriodMs;
    while (!signal.aborted) {
      const call = { signal, timeoutMs: answerTimeoutMs };
      const { period } = await this.#client.heartbeat({ sessionId: this.#id }, call);
      periodMs = fromDuration(period) ?? periodMs;
      await sleep(this.#options.clock, periodMs, signal);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { tasks, onWorking } = this.#options;
    let working = false;
    for await (const message of this.#client.assignments({ sessionId: this.#id }, { signal })) {
      tasks.apply(message);
      if (!working) onWorking();
      working = true;
    }
    throw new Fault("unavailable", "the manager ended the assignments");
  }

  #report(signal: AbortSignal): Promise<void> {
    const sessionId = this.#id;
    const call = { signal, timeoutMs: answerTimeoutMs };
    return this.#options.reporter.run(updates => {
      assert(updates.length > 0, "a report of nothing");
      return this.#client.updateTaskStatus({ sessionId, updates: [...updates] }, call);
    }, signal);
  }

  /** Resolves when this machine is not what the managers were told. */
  async #describe(signal: AbortSignal): Promise<void> {
    const { clock, describe, log } = this.#options;
    while (!signal.aborted) {
      await sleep(clock, describePeriodMs, AbortSignal.any([signal, this.#pause.signal]));
      if (signal.aborted) return;
      this.#pause = new AbortController();
      try {
        const description = await describe();
        if (same(description, this.#description)) continue;
        this.#description = description;
        return;
      } catch (error) {
        log.debug("cannot look at this machine", { error });
      }
    }
  }
}
