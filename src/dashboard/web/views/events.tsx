import { useEffect, useState } from "preact/hooks";
import { stream } from "../api.ts";
import { nameOfNode } from "../model/task.ts";
import { Age } from "../parts/age.tsx";
import { Empty, Page } from "../parts/page.tsx";
import { currentSwarm } from "../state.ts";

interface SwarmEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  /** Seconds since 1970. */
  readonly time: number;
}

/** Events that are kept; older ones go. */
const keptEvents = 500;
const retryMs = 3_000;
const kinds = ["service", "node", "network", "secret", "config"];
/** What has changed, in people's words where Docker's are none. */
const words: Readonly<Record<string, string>> = { updatestate: "its update" };
const actions: Readonly<Record<string, string>> = { create: "created", update: "changed", remove: "removed" };
/** How far back the view begins, seconds. */
const backSeconds = 60 * 60;

/** What happens in the swarm, the newest first: chosen by kind and by text, and held still while somebody reads. */
export function EventsView() {
  const [events, setEvents] = useState<readonly SwarmEvent[]>([]);
  const [kind, setKind] = useState("");
  const [search, setSearch] = useState("");
  const [isPaused, setPaused] = useState(false);
  useEffect(() => {
    if (isPaused) return;
    const stop = new AbortController();
    void follow(stop.signal, setEvents);
    return () => stop.abort();
  }, [isPaused]);
  const found = events.filter(
    event => (kind === "" || event.Type === kind) && textOf(event).includes(search.toLowerCase()),
  );
  return (
    <Page title="Events">
      <div class="filters">
        <fieldset class="choice">
          <legend class="hidden">Kind</legend>
          {["", ...kinds].map(each => (
            <button key={each} type="button" aria-pressed={kind === each} onClick={() => setKind(each)}>
              {each || "everything"}
            </button>
          ))}
        </fieldset>
        <label>
          Search
          <input type="search" value={search} onInput={event => setSearch(event.currentTarget.value)} />
        </label>
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? "Go on" : "Pause"}
        </button>
      </div>
      {found.length === 0 ? (
        <Empty>
          {events.length === 0 ? "Nothing has happened in the last hour." : "Nothing like that in the last hour."}
        </Empty>
      ) : (
        <ol class="events">
          {[...found].reverse().map((event, at) => (
            <EventItem key={found.length - at} event={event} />
          ))}
        </ol>
      )}
    </Page>
  );
}

function textOf({ Type, Action, Actor: { ID, Attributes } }: SwarmEvent): string {
  return [Type, Action, actions[Action], ID, ...Object.values(Attributes)].join(" ").toLowerCase();
}

function EventItem({ event }: { readonly event: SwarmEvent }) {
  const { Attributes, ID } = event.Actor;
  const changes = Object.keys(Attributes)
    .filter(key => key.endsWith(".new"))
    .map(key => {
      const name = key.slice(0, -".new".length);
      const old = Attributes[`${name}.old`];
      return `${words[name] ?? name}: ${old === undefined ? "" : `${old} → `}${Attributes[key]}`;
    });
  return (
    <li>
      <Age since={new Date(event.time * 1000).toISOString()} />
      <span class="event-type">
        {event.Type} {actions[event.Action] ?? event.Action}
      </span>
      <span>
        <Subject event={event} name={Attributes.name || nameOfNode(currentSwarm(), ID) || ID.slice(0, 12)} />{" "}
        {changes.join(" · ")}
      </span>
    </li>
  );
}

function Subject({ event, name }: { readonly event: SwarmEvent; readonly name: string }) {
  if (!["service", "node", "network"].includes(event.Type)) return <>{name}</>;
  return <a href={`/${event.Type}s/${event.Actor.ID}`}>{name}</a>;
}

async function follow(
  signal: AbortSignal,
  show: (change: (events: readonly SwarmEvent[]) => readonly SwarmEvent[]) => void,
): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ type: kinds, scope: ["swarm"] }));
  while (!signal.aborted) {
    const since = Math.floor(Date.now() / 1000) - backSeconds;
    show(() => []);
    try {
      const body = await stream(`/events?since=${since}&filters=${filters}`, signal);
      const reader = body.getReader();
      const decoder = new TextDecoder();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        const more = lines.filter(Boolean).map(line => JSON.parse(line) as SwarmEvent);
        show(events => [...events, ...more].slice(-keptEvents));
      }
    } catch {
      // The stream broke: the page's banner says why.
    }
    await new Promise(resolve => setTimeout(resolve, retryMs));
  }
}
