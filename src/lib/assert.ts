/** Ends the process through an uncaught error when the program itself is wrong. Never for what a user or peer sends. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** A broken promise of our own code. Nothing catches it on purpose. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** For values that the type system does not yet know to be present but the program does. */
export function defined<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new AssertionError(`${what} is missing`);
  return value;
}
