import type { Service } from "../model/objects.ts";
import { reasonOf } from "../model/task.ts";
import { age } from "../model/text.ts";
import { type Bar, placeOf, type Row, type Span } from "../model/timeline.ts";
import { now } from "../state.ts";

interface TimelineRowProps {
  readonly row: Row;
  readonly name: string;
  readonly span: Span;
  /** The task that the tab key comes to. */
  readonly reachable: string | undefined;
  readonly onPoint: (taskId: string | undefined) => void;
}

/** A slot: its name, and its tasks as bars. */
export function TimelineRow({ row, name, span, reachable, onPoint }: TimelineRowProps) {
  return (
    <li class="timeline-row">
      <span class="timeline-name">{name}</span>
      <ol class="timeline-bars">
        {row.bars.map(bar => (
          <li key={bar.task.ID}>
            <BarMark {...{ bar, span, name, onPoint }} isReachable={bar.task.ID === reachable} />
          </li>
        ))}
      </ol>
    </li>
  );
}

interface BarProps extends Pick<TimelineRowProps, "name" | "span" | "onPoint"> {
  readonly bar: Bar;
  readonly isReachable: boolean;
}

/** One that is out of sight stays where the keyboard finds it, at the edge. */
function BarMark({ bar, span, name, isReachable, onPoint }: BarProps) {
  const { task, look, fromMs, sinceMs, toMs, isRenewed } = bar;
  const place = placeOf({ fromMs, toMs: toMs ?? span.toMs }, span) ?? { left: 0, width: 0 };
  const running = look === "running" ? placeOf({ fromMs: sinceMs, toMs: span.toMs }, span) : undefined;
  const began = running ? ((running.left - place.left) / Math.max(place.width, 0.001)) * 100 : 0;
  const point = (): void => onPoint(task.ID);
  return (
    <button
      type="button"
      tabIndex={isReachable ? 0 : -1}
      class={`bar ${look} ${isRenewed ? "renewed" : ""} ${fromMs < span.fromMs ? "earlier" : ""}`}
      style={`left:${place.left}%;width:${place.width}%;--began:${began}%`}
      aria-label={`${name}: ${task.State} for ${age(task.Since, now.value)}. ${reasonOf(task)}`}
      onFocus={point}
      onMouseEnter={point}
      onClick={point}
      onKeyDown={moveFocus}
    />
  );
}

/** Left and right: the task before and after in the slot; up and down: the newest of the slot above and below. */
function moveFocus(event: KeyboardEvent): void {
  const place = (event.currentTarget as Element).parentElement;
  const next = neighbourOf(place, place?.closest(".timeline-row"), event.key)?.querySelector("button");
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function neighbourOf(place: Element | null, row: Element | null | undefined, key: string): Element | null | undefined {
  switch (key) {
    case "ArrowLeft":
      return place?.previousElementSibling;
    case "ArrowRight":
      return place?.nextElementSibling;
    case "ArrowUp":
      return row?.previousElementSibling?.querySelector("li:last-child");
    case "ArrowDown":
      return row?.nextElementSibling?.querySelector("li:last-child");
    default:
      return undefined;
  }
}

/** How long the last update took, or takes, below the rows. */
export function UpdateBand({ status, span }: { readonly status: Service["UpdateStatus"]; readonly span: Span }) {
  if (!status?.StartedAt) return null;
  const toMs = status.CompletedAt ? Date.parse(status.CompletedAt) : span.toMs;
  const place = placeOf({ fromMs: Date.parse(status.StartedAt), toMs }, span);
  if (!place) return null;
  const isRollback = status.State?.startsWith("rollback") ?? false;
  return (
    <i class={isRollback ? "band rollback" : "band"} style={`left:${place.left}%;width:${place.width}%`}>
      {isRollback ? "rollback" : "update"}
    </i>
  );
}
