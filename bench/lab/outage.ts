/** Milliseconds between two tries. */
const tryPeriodMs = 20;
/** Milliseconds after which nobody waits any more. */
const patienceMs = 30_000;

/** What a client sees of a leader's end. */
export interface Outage {
  /** Until a write was answered, of those that are begun every 20 ms. */
  readonly untilAnsweredMs: number;
  /** Until the write that was begun at the very moment was answered, either way. */
  readonly firstTryMs: number;
  readonly firstTryWorked: boolean;
}

/** Strikes, and measures from that moment on how long writes are not answered. Each gets a number of its own. */
export async function outage(strike: () => void, write: (n: number) => Promise<unknown>): Promise<Outage> {
  const start = performance.now();
  const since = (): number => performance.now() - start;
  let untilAnsweredMs: number | undefined;
  const attempt = async (n: number): Promise<boolean> => {
    try {
      await write(n);
    } catch {
      return false;
    }
    untilAnsweredMs ??= since();
    return true;
  };
  strike();
  const first = attempt(0).then(worked => ({ firstTryWorked: worked, firstTryMs: since() }));
  for (let n = 1; untilAnsweredMs === undefined; n += 1) {
    if (since() > patienceMs) throw new Error(`no write was answered within ${patienceMs} ms`);
    await new Promise(resolve => setTimeout(resolve, tryPeriodMs));
    void attempt(n);
  }
  return { untilAnsweredMs, ...(await first) };
}
