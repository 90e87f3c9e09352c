import { asFault } from "../lib/fault.ts";
import { usagePeriodMs } from "../model/usage-history.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { Client, Connection } from "../ports/transport.ts";
import { Usage } from "../wire/gen/shoal/v1/usage_pb.ts";
import { UsageLog } from "./usage-log.ts";

/** Tasks in one report: with an hour's samples each that is 300 kB, which a leader takes in within 25 ms. */
const tasksPerReport = 100;
/** How long an answer of a manager may take, milliseconds. */
const answerTimeoutMs = 5_000;

export interface UsageReporterOptions {
  readonly runtime: Pick<Runtime, "usage">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Whom to tell, and what was told. */
interface Listener {
  readonly client: Client<typeof Usage>;
  readonly sessionId: string;
  /** The last slot that was told; the manager of a new session is told the whole hour. */
  told: number;
}

/** Measures this node's tasks every few seconds, whether or not a manager leads it, and tells the manager that does. */
export class UsageReporter {
  readonly #options: UsageReporterOptions;
  readonly #usage = new UsageLog();
  #listener: Listener | undefined;

  constructor(options: UsageReporterOptions) {
    this.#options = options;
  }

  /** Goes on until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await this.#measure();
      const waitMs = await this.#tell(signal);
      await sleep(clock, waitMs, signal);
    }
  }

  /** A session has begun: its manager is told, until `signal` aborts. */
  attach(connection: Connection, sessionId: string, signal: AbortSignal): void {
    const listener = { client: connection.client(Usage), sessionId, told: Number.NEGATIVE_INFINITY };
    this.#listener = listener;
    signal.addEventListener("abort", () => this.#detach(listener), { once: true });
  }

  async #measure(): Promise<void> {
    const { runtime, clock, log } = this.#options;
    try {
      this.#usage.take(await runtime.usage(), clock.monotonic());
    } catch (error) {
      log.debug("cannot measure what tasks use", { error: asFault(error).message });
    }
  }

  /** Resolves with the time until the next report. Nothing of a session hangs on this: what was not heard is told later. */
  async #tell(signal: AbortSignal): Promise<number> {
    const listener = this.#listener;
    if (!listener) return usagePeriodMs;
    const { slot } = this.#usage;
    const news = this.#usage.since(listener.told);
    let nextMs = usagePeriodMs;
    try {
      for (let at = 0; at < news.length; at += tasksPerReport) {
        const tasks = news.slice(at, at + tasksPerReport).map(([taskId, series]) => ({
          taskId,
          series: { cpus: [...series.cpus], memoryBytes: [...series.memoryBytes] },
        }));
        const call = { signal, timeoutMs: answerTimeoutMs };
        nextMs = (await listener.client.report({ sessionId: listener.sessionId, tasks }, call)).nextMs;
      }
      listener.told = slot;
    } catch (error) {
      const { code, message } = asFault(error);
      this.#options.log.debug("cannot report what tasks use", { code, reason: message });
      // A stock engine leads, or a manager of before there was such a service: it is not asked again in this session.
      if (code === "unimplemented") this.#detach(listener);
    }
    return Math.min(Math.max(nextMs, usagePeriodMs / 2), 2 * usagePeriodMs);
  }

  #detach(listener: Listener): void {
    if (this.#listener === listener) this.#listener = undefined;
  }
}
