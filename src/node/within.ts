import { type Clock, sleep } from "../ports/clock.ts";

/** Does as `work` does, or after `ms` gives what `late` gives; the work goes on then, and its failure is nobody's. */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>, late: () => T): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([work, sleep(clock, ms, over.signal).then(() => (over.signal.aborted ? work : late()))]);
  } finally {
    over.abort();
    work.catch(() => {});
  }
}
