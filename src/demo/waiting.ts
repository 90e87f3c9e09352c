import { setTimeout as delay } from "node:timers/promises";

const pauseMs = 150;

/** Asks until the answer is there; rejects with what is missing when it has not come in time, or when `signal` aborts. */
export async function until<T>(
  what: string,
  withinMs: number,
  signal: AbortSignal,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let problem = "";
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      problem = error instanceof Error ? `: ${error.message}` : `: ${error}`;
      return undefined;
    });
    if (answer !== undefined) return answer;
    signal.throwIfAborted();
    if (performance.now() > deadline) throw new Error(`${what}: not within ${Math.round(withinMs / 1000)} s${problem}`);
    await delay(pauseMs, undefined, { signal });
  }
}
