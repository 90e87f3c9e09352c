import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault } from "../lib/fault.ts";
import { sleep } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import { LogPublisher, type LogPublisherOptions } from "./log-publisher.ts";

const listenBackoff: Backoff = { firstMs: 200, longestMs: 8_000 };

export interface LogListenerOptions extends LogPublisherOptions {
  readonly random: Random;
}

/** Hears from the manager whose logs are wanted and has them published. Without logs a session works on. */
export async function listenForLogs(options: LogListenerOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = options;
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      await serve(options, signal, () => {
        attempt = 0;
      });
    } catch (error) {
      if (!signal.aborted) log.debug("cannot listen for log subscriptions", { error: asFault(error).message });
    }
    await sleep(clock, backoffMs(listenBackoff, attempt, random.float()), signal);
  }
}

async function serve(options: LogListenerOptions, signal: AbortSignal, heard: () => void): Promise<void> {
  const publishers = new Map<string, LogPublisher>();
  try {
    for await (const subscription of options.client.listenSubscriptions({}, { signal })) {
      heard();
      publishers.get(subscription.id)?.close();
      publishers.delete(subscription.id);
      if (subscription.close) continue;
      const publisher = new LogPublisher(subscription, options);
      publishers.set(subscription.id, publisher);
      void publisher.run().finally(() => {
        if (publishers.get(subscription.id) === publisher) publishers.delete(subscription.id);
      });
    }
  } finally {
    for (const publisher of publishers.values()) publisher.close();
  }
}
