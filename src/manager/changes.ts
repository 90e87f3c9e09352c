import { Fault } from "../lib/fault.ts";
import type { Store } from "../store/store.ts";
import type { StoreEvent } from "../store/tx.ts";

/**
 * Committed changes from now on, until `signal` aborts; ends with Fault resource_exhausted when the reader is too slow.
 * A follower that was far behind gets a snapshot for what it missed: what that brought is not told.
 */
export function changesOf(store: Pick<Store, "watch">, signal: AbortSignal): AsyncIterable<StoreEvent> {
  return watchOn(store, signal, store.watch({ signal }));
}

async function* watchOn(
  store: Pick<Store, "watch">,
  signal: AbortSignal,
  first: AsyncIterable<StoreEvent>,
): AsyncGenerator<StoreEvent, void> {
  for (let watch = first; ; watch = store.watch({ signal })) {
    try {
      yield* watch;
      return;
    } catch (error) {
      if (!(error instanceof Fault && error.code === "aborted") || signal.aborted) throw error;
    }
  }
}
