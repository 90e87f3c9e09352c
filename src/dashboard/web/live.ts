import { Refusal, whoAmI } from "./api.ts";
import type { Change } from "./model/objects.ts";
import { Swarm } from "./model/swarm.ts";
import { applyChanges, generation, link, linkReason, now, replaceSwarm, servedBy } from "./state.ts";
import { turnAway } from "./visitor.ts";

/** Milliseconds before the stream is asked for again. */
const retryMs = 1_000;
/** Milliseconds without a word (the server says one every 15 s) after which the stream counts as dead. */
const silenceMs = 40_000;
const tickMs = 1_000;

/** Follows the swarm until the page is left. Whenever the stream breaks, everything is asked for anew. */
export function followSwarm(): () => void {
  let stream: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  generation.value = 0;
  const connect = (): void => {
    stream?.close();
    stream = listen(() => {
      clearTimeout(retry);
      retry = setTimeout(connect, retryMs);
    });
  };
  connect();
  const ticking = setInterval(() => {
    now.value = Date.now();
  }, tickMs);
  return () => {
    stream?.close();
    clearTimeout(retry);
    clearInterval(ticking);
  };
}

function listen(onLost: () => void): EventSource {
  const stream = new EventSource("/api/shoal/live");
  const next = new Swarm();
  let silence: ReturnType<typeof setTimeout> | undefined;

  const lose = (): void => {
    stream.close();
    clearTimeout(silence);
    link.value = "lost";
    void whyLost();
    onLost();
  };
  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(lose, silenceMs);
  };

  stream.addEventListener("objects", event => {
    heard();
    next.apply(JSON.parse(event.data) as Change[]);
  });
  stream.addEventListener("ready", event => {
    heard();
    servedBy.value = (JSON.parse(event.data) as { readonly Node: string }).Node;
    replaceSwarm(next);
    link.value = "live";
    linkReason.value = "";
  });
  stream.addEventListener("changes", event => {
    heard();
    applyChanges(JSON.parse(event.data) as Change[]);
  });
  stream.addEventListener("silence", heard);
  stream.addEventListener("error", lose);
  heard();
  return stream;
}

/** An EventSource does not tell why it failed: the same path, asked plainly, does. */
async function whyLost(): Promise<void> {
  try {
    await whoAmI();
    linkReason.value = "";
  } catch (error) {
    if (turnAway(error)) return;
    linkReason.value = error instanceof Refusal ? error.message : "This manager's daemon cannot be reached.";
  }
}
