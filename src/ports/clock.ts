/** The door to time. Real: `platform/clock.ts`; virtual and deterministic: `sim/clock.ts`. */
export interface Clock {
  /** Wall time in milliseconds since 1970; may jump. For stamps that users see, never for measuring. */
  now(): number;
  /** Milliseconds that only move forwards, from an arbitrary start. */
  monotonic(): number;
  /** Calls `run` once after `ms`. A pending timer does not keep the process alive. */
  after(ms: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Resolves after `ms`, or at once when `signal` aborts: callers look at the signal afterwards. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise(resolve => {
    const timer = clock.after(ms, finish);
    function finish(): void {
      timer.cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    }
    signal?.addEventListener("abort", finish, { once: true });
  });
}
