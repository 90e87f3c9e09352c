import { onAbort } from "../../../lib/bell.ts";
import { Fault } from "../../../lib/fault.ts";
import { sleep } from "../../../ports/clock.ts";
import { type Json, stream } from "../../answer.ts";
import type { RouteContext } from "../../context.ts";
import { requireManager } from "../../manager.ts";
import type { Route } from "../../route.ts";
import { GatheredChanges, type LiveChange } from "./changes.ts";
import { QuorumNews } from "./quorum.ts";
import { wholeState } from "./state.ts";

/** Milliseconds that changes gather before they are sent together: nobody's eyes are faster. */
const gatherMs = 100;
/** Milliseconds between two looks at the quorum, which nobody announces. */
const lookMs = 1_000;
/** Milliseconds of silence after which that is said, so that both ends notice a dead connection. */
const silenceMs = 15_000;
/** Streams at a time; each costs a look at everything when it begins. */
const maxStreams = 64;

/**
 * `GET /shoal/live`: everything a manager knows of the swarm, then each change, as server-sent events (WHATWG HTML 9.2)
 * of JSON. `objects`: a part of the state, changes as below; `ready`: that was all of it; `changes`: what is new since; `silence`: nothing is. A
 * change is {Kind, ID, Version, Object}, without Object when it is gone; one with a lower version than is known of
 * the object is to be passed over. The stream ends when something may have been missed: whoever asks again gets the state anew.
 */
export function liveRoutes(): readonly Route[] {
  let open = 0;
  return [
    {
      method: "GET",
      path: "/shoal/live",
      handler(context) {
        requireManager(context.backend.status());
        if (open >= maxStreams)
          throw new Fault("unavailable", `Cannot stream the swarm's state: ${maxStreams} streams are open already`);
        open++;
        return stream(
          "text/event-stream",
          counted(live(context), () => open--),
        );
      },
    },
  ];
}

async function* counted<T>(source: AsyncIterable<T>, done: () => void): AsyncGenerator<T, void> {
  try {
    yield* source;
  } finally {
    done();
  }
}

async function* live(context: RouteContext): AsyncGenerator<string, void> {
  const { backend, clock, signal } = context;
  const over = new AbortController();
  const release = onAbort(signal, () => over.abort());
  const { nodeId } = backend.status();
  const quorum = new QuorumNews(backend);
  // Gathering begins in the same turn as the state is read: nothing is missed, and what is gathered is newer than that.
  const changes = new GatheredChanges(backend.changes(over.signal), clock);
  const state = wholeState(backend);
  try {
    for (const part of state) yield event("objects", part);
    yield event("objects", quorum.take());
    yield event("ready", { Node: nodeId });
    let spokeMs = clock.monotonic();
    while (!signal.aborted) {
      await changes.something(lookMs);
      await sleep(clock, gatherMs, signal);
      const { controlAvailable, nodeId: now } = backend.status();
      // Another membership, or none: its changes are those of another state.
      if (!controlAvailable || now !== nodeId) return;
      const changed = changes.take();
      if (!changed) return;
      const news = [...changed, ...quorum.take()];
      if (news.length > 0) yield event("changes", news);
      else if (clock.monotonic() - spokeMs < silenceMs) continue;
      else yield event("silence", null);
      spokeMs = clock.monotonic();
    }
  } finally {
    release();
    over.abort();
  }
}

function event(name: string, data: Json | readonly LiveChange[]): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
