import type { Change } from "./model/objects.ts";
import { Swarm } from "./model/swarm.ts";
import { applyChanges, link, linkReason, now, replaceSwarm } from "./state.ts";

/** Milliseconds before the stream is asked for again. */
const retryMs = 1_000;
/** Milliseconds without a word (the server says one every 15 s) after which the stream counts as dead. */
const silenceMs = 40_000;
const tickMs = 1_000;

/** Follows the swarm until the page is left. Whenever the stream breaks, everything is asked for anew. */
export function followSwarm(): () => void {
  let stream: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
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
  const waiting: Change[][] = [];
  let frame = 0;
  let silence: ReturnType<typeof setTimeout> | undefined;

  const lose = (): void => {
    stream.close();
    clearTimeout(silence);
    cancelAnimationFrame(frame);
    link.value = "lost";
    void whyLost();
    onLost();
  };
  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(lose, silenceMs);
  };
  const draw = (): void => {
    frame = 0;
    for (const changes of waiting.splice(0)) applyChanges(changes);
  };

  stream.addEventListener("objects", event => {
    heard();
    next.apply(JSON.parse(event.data) as Change[]);
  });
  stream.addEventListener("ready", () => {
    heard();
    replaceSwarm(next);
    link.value = "live";
    linkReason.value = "";
  });
  stream.addEventListener("changes", event => {
    heard();
    waiting.push(JSON.parse(event.data) as Change[]);
    // However fast the swarm changes, the page is drawn once a frame. A page in the background has no frames: it takes them in late.
    if (frame === 0) frame = requestAnimationFrame(draw);
  });
  stream.addEventListener("silence", heard);
  stream.addEventListener("error", lose);
  heard();
  return stream;
}

/** An EventSource does not tell why it failed: the same path, asked plainly, does. */
async function whyLost(): Promise<void> {
  try {
    const answer = await fetch("/api/nodes");
    if (answer.status === 401) location.reload();
    else if (!answer.ok) linkReason.value = ((await answer.json()) as { message: string }).message;
    else linkReason.value = "";
  } catch {
    linkReason.value = "This manager's daemon cannot be reached.";
  }
}
