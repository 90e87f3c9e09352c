/**
 * Wakes one waiting loop. A ring while nobody waits is remembered, many rings are one: the loop looks at the world
 * after each wait, so it needs to know only that something may have changed.
 */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, at once when one is remembered. One loop may wait at a time. */
  async wait(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    this.#wake = undefined;
    this.#rung = false;
  }
}

/** Runs `run` when `signal` aborts, at once when it has. Returns what takes it back. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) run();
  else signal.addEventListener("abort", run, { once: true });
  return () => signal.removeEventListener("abort", run);
}
