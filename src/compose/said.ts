/**
 * Members that were said: those that are undefined or an empty list are left out, as Docker's own clients do. Defaults are
 * the daemon's.
 */
export function said<T extends Readonly<Record<string, unknown>>>(members: T): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  );
}

/** The same, and undefined when nothing was said at all. */
export function saidAny<T extends Readonly<Record<string, unknown>>>(members: T): Record<string, unknown> | undefined {
  const kept = said(members);
  return Object.keys(kept).length > 0 ? kept : undefined;
}

/** A map, or undefined for an empty one. */
export function filled<T>(map: Readonly<Record<string, T>>): Readonly<Record<string, T>> | undefined {
  return Object.keys(map).length > 0 ? map : undefined;
}
