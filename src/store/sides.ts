/** An object before and after a change; undefined where it did not exist. */
export interface Sides<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

export function sidesOf<T>(event: { readonly action: string; readonly object: T; readonly old?: T }): Sides<T> {
  if (event.action === "remove") return { before: event.object, after: undefined };
  return { before: event.old, after: event.object };
}
