/** How long to wait between tries of something that fails for reasons that pass. */
export interface Backoff {
  /** Milliseconds before the second try, at most. */
  readonly firstMs: number;
  /** Milliseconds between later tries, at most. */
  readonly longestMs: number;
}

/**
 * The wait before try number `attempt` + 1 (the first try that failed is attempt 1): doubles each time up to the
 * longest, and is spread over its upper half by `chance` in [0, 1), so that many peers do not come back at one moment.
 */
export function backoffMs(backoff: Backoff, attempt: number, chance: number): number {
  const doublings = Math.min(Math.max(0, attempt - 1), 30);
  const ceiling = Math.min(backoff.longestMs, backoff.firstMs * 2 ** doublings);
  return ceiling / 2 + (ceiling / 2) * chance;
}
