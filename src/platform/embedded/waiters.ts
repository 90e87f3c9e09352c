/** Callers that wait for something to happen to one key, each woken once. */
export class Waiters {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Resolves at the next `wake` of the key, or when `signal` aborts. */
  wait(key: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise(resolve => {
      const waiting = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiting);
      const finish = (): void => {
        waiting.delete(finish);
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
        signal.removeEventListener("abort", finish);
        resolve();
      };
      waiting.add(finish);
      signal.addEventListener("abort", finish, { once: true });
    });
  }

  wake(key: string): void {
    for (const finish of [...(this.#waiting.get(key) ?? [])]) finish();
  }

  wakeAll(): void {
    for (const key of [...this.#waiting.keys()]) this.wake(key);
  }
}
