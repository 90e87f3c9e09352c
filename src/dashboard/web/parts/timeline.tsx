import { useState } from "preact/hooks";
import type { Service } from "../model/objects.ts";
import type { Swarm } from "../model/swarm.ts";
import { nameOfNode } from "../model/task.ts";
import { clockTime, figure } from "../model/text.ts";
import { hasFailed, type RangeMs, type Row, rangeFor, ranges, rowsOf, type Span, ticksOf } from "../model/timeline.ts";
import { now } from "../state.ts";
import { Empty } from "./page.tsx";
import { Pages } from "./pages.tsx";
import { TimelineDetail } from "./timeline-detail.tsx";
import { TimelineRow, UpdateBand } from "./timeline-row.tsx";

/** Slots on a page; of more, those where something has failed can be shown alone. */
const pageSlots = 40;

interface TimelineProps {
  readonly service: Service;
  readonly swarm: Swarm;
}

/** A service's slots over time: in each row its tasks one after the other. Arrow keys go from task to task. */
export function Timeline({ service, swarm }: TimelineProps) {
  const [chosen, choose] = useState<RangeMs>();
  const [areFailedAlone, showFailedAlone] = useState(false);
  const [pointed, point] = useState<string>();
  const all = rowsOf(swarm.tasksOf(service.ID).values(), service);
  if (all.length === 0) return <Empty>It has no tasks.</Empty>;
  const rangeMs = chosen ?? rangeFor(all, now.value);
  const span = { fromMs: now.value - rangeMs, toMs: now.value };
  const failed = all.filter(hasFailed);
  const bar = all.flatMap(({ bars }) => bars).find(({ task }) => task.ID === pointed);
  return (
    <div class="timeline">
      <div class="timeline-head">
        <Legend />
        <label>
          Last
          <select value={rangeMs} onChange={event => choose(Number(event.currentTarget.value) as RangeMs)}>
            {ranges.map(([name, ms]) => (
              <option key={ms} value={ms}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {all.length > pageSlots && (
        <label>
          <input
            type="checkbox"
            checked={areFailedAlone}
            onChange={event => showFailedAlone(event.currentTarget.checked)}
          />
          Only slots where a task has failed ({figure(failed.length)} of {figure(all.length)})
        </label>
      )}
      <Pages name="slots" items={areFailedAlone ? failed : all} size={pageSlots}>
        {rows => <Rows {...{ rows, span, service, swarm, pointed }} onPoint={point} />}
      </Pages>
      <TimelineDetail bar={bar} swarm={swarm} />
    </div>
  );
}

const legend = [
  ["running", "running"],
  ["starting", "starting"],
  ["waiting", "waiting"],
  ["stopped", "stopped"],
  ["done", "done"],
  ["failed", "failed"],
] as const;

function Legend() {
  return (
    <ul class="legend" aria-label="Legend">
      {legend.map(([look, says]) => (
        <li key={look} class="state">
          <span class={`bar sample ${look}`} aria-hidden="true" /> {says}
        </li>
      ))}
    </ul>
  );
}

interface RowsProps extends TimelineProps {
  readonly rows: readonly Row[];
  readonly span: Span;
  readonly pointed: string | undefined;
  readonly onPoint: (taskId: string | undefined) => void;
}

function Rows({ rows, span, service, swarm, pointed, onPoint }: RowsProps) {
  // One of them can be reached with the tab key, the others from there.
  const isHere = rows.some(({ bars }) => bars.some(({ task }) => task.ID === pointed));
  const first = isHere ? pointed : rows[0]?.bars.at(-1)?.task.ID;
  return (
    <div>
      <ul aria-label="Tasks over time">
        {rows.map(row => (
          <TimelineRow
            key={row.key}
            {...{ row, span, reachable: first, onPoint }}
            name={nameOfNode(swarm, row.key) || `slot ${row.key}`}
          />
        ))}
      </ul>
      <div class="timeline-axis" aria-hidden="true">
        <UpdateBand status={service.UpdateStatus} span={span} />
        {ticksOf(span).map(tick => (
          <Tick key={tick} ms={tick} span={span} />
        ))}
      </div>
    </div>
  );
}

/** Percent of the axis from which on a time stands before its place: behind it there is no room. */
const lastRoom = 97;

function Tick({ ms, span }: { readonly ms: number; readonly span: Span }) {
  const place = ((ms - span.fromMs) / (span.toMs - span.fromMs)) * 100;
  return (
    <span class={place > lastRoom ? "last" : ""} style={`left:${place}%`}>
      {clockTime(ms)}
    </span>
  );
}
