import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { clockTime } from "../model/text.ts";
import { theme } from "../theme.ts";

/** One line of a chart: a sum, a part of it, or what must not be exceeded. */
export interface Line {
  readonly name: string;
  /** A CSS colour, or a custom property's name. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly look: "main" | "part" | "limit";
}

interface ChartProps {
  readonly title: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** Distances that lines across may have: what is counted in twos looks odd in tens. */
  readonly steps?: number[];
  /** What the picture says, for who does not see it. */
  readonly says: string;
}

const heightPx = 168;
const axisPx = 68;
const timesPx = 32;
/** Room behind the last sample, for half of a time that is written below it. */
const endPx = 20;
const timesGapPx = 10;
const betweenTimesPx = 64;
/** Seconds between two times that are written. */
const timeSteps = [1, 2, 5, 10, 15, 30].map(minutes => minutes * 60);
/** Pixels between the pointer and the line that it means. */
const nearPx = 24;

/** Lines over time. Whoever points at it reads the nearest line's figure below; the caption says the most telling ones to all. */
export function Chart({ title, times, lines, format, steps, says }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [pointed, setPointed] = useState("");
  const shown = useRef({ lines, format });
  shown.current = { lines, format };
  const shape = `${theme.value} ${lines.map(({ name, look }) => `${look}:${name}`).join("|")}`;
  const data = [times, ...lines.map(({ values }) => values)] as uPlot.AlignedData;

  // Made anew when its lines or its colours are others, not for each sample.
  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    const point = (self: uPlot): void => setPointed(pointedAt(self, shown.current));
    const made = new uPlot(optionsOf({ parent, lines, steps, format, point }), data, parent);
    plot.current = made;
    const fit = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height: heightPx }));
    fit.observe(parent);
    return () => {
      fit.disconnect();
      made.destroy();
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data), [times, lines]);

  return (
    <figure class="chart">
      <figcaption>
        <strong>{title}</strong> <span>{pointed || says}</span>
      </figcaption>
      <div ref={place} class="chart-place" aria-hidden="true" />
    </figure>
  );
}

interface PlotParts extends Pick<ChartProps, "lines" | "format"> {
  readonly parent: HTMLElement;
  readonly steps: number[] | undefined;
  readonly point: (self: uPlot) => void;
}

function optionsOf({ parent, lines, steps, format, point }: PlotParts): uPlot.Options {
  const style = getComputedStyle(parent);
  const colour = (of: string): string => (of.startsWith("--") ? style.getPropertyValue(of).trim() : of);
  const [text, grid] = [colour("--muted"), { stroke: colour("--line"), width: 1 }];
  const font = `12px ${style.fontFamily}`;
  const axis = { stroke: text, grid, ticks: { show: false }, font };
  return {
    ...{ width: parent.clientWidth, height: heightPx, padding: [8, endPx, 0, 0] },
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, focus: { prox: nearPx }, points: { size: 6 } },
    focus: { alpha: 0.35 },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.15 : 1] } },
    axes: [
      {
        ...axis,
        size: timesPx,
        gap: timesGapPx,
        space: betweenTimesPx,
        incrs: timeSteps,
        values: (_, splits) => splits.map(timeOf),
      },
      { ...axis, size: axisPx, ...(steps && { incrs: steps }), values: (_, splits) => splits.map(format) },
    ],
    series: [{}, ...lines.map(line => seriesOf(line, colour(line.colour)))],
    hooks: { setCursor: [point], setSeries: [point] },
  };
}

function seriesOf({ name, look }: Line, stroke: string): uPlot.Series {
  const common = { label: name, stroke, points: { show: false } };
  switch (look) {
    case "main":
      return { ...common, width: 2.5 };
    case "part":
      return { ...common, width: 1 };
    case "limit":
      return { ...common, width: 1.5, dash: [6, 4] };
    default:
      return look satisfies never;
  }
}

/** "12:30:10 · web.3: 0.52", of the line that is pointed at, else of the first. */
function pointedAt(self: uPlot, { lines, format }: Pick<ChartProps, "lines" | "format">): string {
  const { idx } = self.cursor;
  const focused = self.series.findIndex((series, at) => at > 0 && "_focus" in series && series._focus === true);
  const line = lines[Math.max(0, focused - 1)];
  const value = idx == null ? undefined : line?.values[idx];
  const time = idx == null ? undefined : self.data[0][idx];
  if (!line || time === undefined) return "";
  return `${new Date(time * 1000).toLocaleTimeString()} · ${line.name}: ${value == null ? "not known" : format(value)}`;
}

function timeOf(seconds: number): string {
  return clockTime(seconds * 1000);
}
