import { hueAt } from "../model/hue.ts";
import { bytes, figure, processors } from "../model/text.ts";
import { fromBeginning, highest, latest, type Series, type Usage } from "../model/usage.ts";
import { Chart, type Line } from "./chart.tsx";
import { Empty } from "./page.tsx";

const powersOfTwo = Array.from({ length: 50 }, (_, power) => 2 ** power);

interface UsageChartsProps {
  readonly usage: Usage | undefined;
  /** What a task is called. */
  readonly nameOf: (taskId: string) => string;
  /** What all of it must not, or is not to, exceed; not drawn where it is 0. */
  readonly limit?: { readonly name: string; readonly cpus: number; readonly memory: number };
}

/** Processors and memory over the last hour: all tasks in sum, and each. */
export function UsageCharts({ usage, nameOf, limit }: UsageChartsProps) {
  if (!usage) return <Empty>Nothing was measured yet: samples come every ten seconds.</Empty>;
  const { times, total, tasks, leftOut } = fromBeginning(usage);
  if (highest(total.CPUs) === undefined && highest(total.Memory) === undefined)
    return <Empty>Nothing was measured in the last hour: no task ran for the ten seconds between two samples.</Empty>;
  const measures = [
    { title: "CPU", measure: "CPUs", format: processors, most: limit?.cpus ?? 0 },
    { title: "Memory", measure: "Memory", format: bytes, most: limit?.memory ?? 0, steps: powersOfTwo },
  ] as const;
  return (
    <>
      <div class="charts">
        {measures.map(({ measure, most, ...how }) => (
          <Chart
            key={measure}
            {...how}
            times={times}
            lines={[
              { name: "all", colour: "--accent", values: total[measure], look: "main" },
              ...(most > 0 && limit ? [limitLine(limit.name, most, times.length)] : []),
              ...(tasks.size > 1 ? taskLines(tasks, measure, nameOf) : []),
            ]}
            says={
              sayings(total[measure], how.format) +
              (most > 0 && limit ? `; ${how.format(most)} ${limit.name} (dashed)` : "")
            }
          />
        ))}
      </div>
      {leftOut > 0 && (
        <p class="next">{leftOut === 1 ? "One more task is" : `${figure(leftOut)} more tasks are`} in the sum alone.</p>
      )}
    </>
  );
}

function limitLine(name: string, most: number, length: number): Line {
  return { name, colour: "--muted", values: Array.from({ length }, () => most), look: "limit" };
}

function taskLines(
  tasks: ReadonlyMap<string, Series>,
  measure: keyof Series,
  nameOf: (taskId: string) => string,
): Line[] {
  return [...tasks].map(([id, series], at) => ({
    ...{ name: nameOf(id), colour: `hsl(${hueAt(at)} 55% 50%)`, values: series[measure], look: "part" },
  }));
}

function sayings(values: readonly (number | null)[], format: (value: number) => string): string {
  const [now, most] = [latest(values), highest(values)];
  if (most === undefined) return "not known";
  return `${now === undefined ? "not known now" : `${format(now)} now`}, peak ${format(most)}`;
}
