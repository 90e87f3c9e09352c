/**
 * Ids of what is to be looked at: what is new or has changed, and what waits until something happens. Each id is there at
 * most once, so there are never more than there are objects.
 */
export class Backlog {
  readonly #fresh = new Set<string>();
  /** What each id waits for. */
  readonly #reasons = new Map<string, string>();
  readonly #waiting = new Map<string, Set<string>>();

  get hasFresh(): boolean {
    return this.#fresh.size > 0;
  }

  /** Those to look at, in the order of their coming; they may be removed and parked meanwhile. */
  fresh(): Iterable<string> {
    return this.#fresh.values();
  }

  /** It is to be looked at, whatever it waits for. */
  add(id: string): void {
    this.#unpark(id);
    this.#fresh.add(id);
  }

  /** Nothing is to be done about it any more. */
  remove(id: string): void {
    this.#fresh.delete(id);
    this.#unpark(id);
  }

  /** It is not to be looked at before that happens. */
  park(id: string, until: string): void {
    this.remove(id);
    this.#reasons.set(id, until);
    const waiting = this.#waiting.get(until);
    if (waiting) waiting.add(id);
    else this.#waiting.set(until, new Set([id]));
  }

  /** Whether anything waits for that. */
  waits(until: string): boolean {
    return this.#waiting.has(until);
  }

  /** It has happened, and may help so many of those that wait for it: those that wait longest are looked at. */
  wake(until: string, most = Number.POSITIVE_INFINITY): void {
    let woken = 0;
    for (const id of this.#waiting.get(until) ?? []) {
      if (woken === most) return;
      this.add(id);
      woken++;
    }
  }

  clear(): void {
    this.#fresh.clear();
    this.#reasons.clear();
    this.#waiting.clear();
  }

  #unpark(id: string): void {
    const reason = this.#reasons.get(id);
    if (reason === undefined) return;
    this.#reasons.delete(id);
    const waiting = this.#waiting.get(reason);
    waiting?.delete(id);
    if (waiting?.size === 0) this.#waiting.delete(reason);
  }
}
