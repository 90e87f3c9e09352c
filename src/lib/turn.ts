/**
 * Calls `run` once all promises that are due now have had their turn, and those that follow on them; before any timer, and before
 * anything else comes in.
 */
export function afterPromises(run: () => void): void {
  // Ticks come before promises, unless it is a promise that asks for one.
  queueMicrotask(() => process.nextTick(run));
}
