import { useEffect, useRef, useState } from "preact/hooks";
import { followLogs, type LogLine } from "../logs.ts";
import { hueAt } from "../model/hue.ts";
import { nodeName } from "../model/task.ts";
import { currentSwarm } from "../state.ts";

/** Lines that are kept: a page that stays open must not grow. */
const keptLines = 2_000;
const firstLines = 200;
/** Milliseconds before a log that ended is asked for again. */
const retryMs = 3_000;

/** A service's log as it is written, to be searched and held still. */
export function LogPane({ serviceId }: { readonly serviceId: string }) {
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [search, setSearch] = useState("");
  const [isPaused, setPaused] = useState(false);
  const pane = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (isPaused) return;
    const stop = new AbortController();
    void follow(serviceId, stop.signal, setLines);
    return () => stop.abort();
  }, [serviceId, isPaused]);
  const found = search === "" ? lines : lines.filter(line => line.text.toLowerCase().includes(search.toLowerCase()));
  useEffect(() => {
    if (!isPaused) pane.current?.scrollTo({ top: pane.current.scrollHeight });
  }, [found.length, isPaused]);
  return (
    <div class="logs">
      <div class="logs-head">
        <label>
          Search
          <input type="search" value={search} onInput={event => setSearch(event.currentTarget.value)} />
        </label>
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? "Go on" : "Pause"}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <ol ref={pane} class="lines" tabIndex={0} aria-label="Log">
        {found.map((line, at) => (
          <Line key={at} line={line} />
        ))}
        {found.length === 0 && <li class="empty">{search ? "No line has that." : "Nothing was written yet."}</li>}
      </ol>
    </div>
  );
}

function Line({ line }: { readonly line: LogLine }) {
  const swarm = currentSwarm();
  const task = swarm.get("task", line.taskId);
  const node = swarm.get("node", line.nodeId);
  return (
    <li class={line.stream}>
      <span class="line-from" style={`--hue:${hueAt(task?.Slot ?? 0)}`} title={line.time}>
        {task?.Slot ?? ""}
        {node && `@${nodeName(node)}`}
      </span>
      {line.text}
    </li>
  );
}

async function follow(
  serviceId: string,
  signal: AbortSignal,
  show: (change: (lines: readonly LogLine[]) => readonly LogLine[]) => void,
): Promise<void> {
  while (!signal.aborted) {
    show(() => []);
    try {
      for await (const more of followLogs(serviceId, firstLines, signal))
        show(lines => [...lines, ...more].slice(-keptLines));
    } catch {
      // The stream broke, or the service has gone: the page's banner says which.
    }
    await new Promise(resolve => setTimeout(resolve, retryMs));
  }
}
