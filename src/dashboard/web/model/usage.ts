/** Samples of something, one a period, the newest last; null where it is not known. As the API tells them. */
export interface Series {
  readonly CPUs: readonly (number | null)[];
  /** Bytes. */
  readonly Memory: readonly (number | null)[];
}

/** What the API tells: first the whole hour, then each new sample. */
export interface UsageNews {
  readonly PeriodMs: number;
  readonly Total: Series;
  readonly Tasks: Readonly<Record<string, Series>>;
  readonly LeftOut: number;
}

/** What is drawn: an hour at most. All lists are as long as `times`. */
export interface Usage {
  /** Seconds since 1970, of each sample. */
  readonly times: readonly number[];
  readonly total: Series;
  readonly tasks: ReadonlyMap<string, Series>;
  /** Tasks that are in the total alone. */
  readonly leftOut: number;
}

const hourMs = 3_600_000;
const msPerSecond = 1_000;
/** Samples that are drawn at least. */
const fewest = 12;

/** What was known with the news behind it. What was last heard of is taken for now. */
export function withNews(known: Usage | undefined, news: UsageNews, nowMs: number): Usage {
  const most = Math.floor(hourMs / news.PeriodMs);
  const before = known?.times.length ?? 0;
  const count = Math.min(most, before + news.Total.CPUs.length);
  const periodSeconds = news.PeriodMs / msPerSecond;
  const nowSeconds = Math.round(nowMs / msPerSecond);
  const joined = (old: Series | undefined, more: Series): Series => ({
    CPUs: tail([...fill(old?.CPUs, before), ...more.CPUs], count),
    Memory: tail([...fill(old?.Memory, before), ...more.Memory], count),
  });
  return {
    times: Array.from({ length: count }, (_, at) => nowSeconds - (count - 1 - at) * periodSeconds),
    total: joined(known?.total, news.Total),
    tasks: new Map(Object.entries(news.Tasks).map(([id, series]) => [id, joined(known?.tasks.get(id), series)])),
    leftOut: news.LeftOut,
  };
}

/** Without the time before anything was known, but not shorter than a few samples. */
export function fromBeginning(usage: Usage): Usage {
  const first = usage.total.Memory.findIndex((bytes, at) => bytes !== null || usage.total.CPUs[at] !== null);
  const begin = Math.min(Math.max(first, 0), usage.times.length - fewest);
  if (begin <= 0) return usage;
  const cut = ({ CPUs, Memory }: Series): Series => ({ CPUs: CPUs.slice(begin), Memory: Memory.slice(begin) });
  const tasks = new Map([...usage.tasks].map(([id, series]) => [id, cut(series)]));
  return { ...usage, times: usage.times.slice(begin), total: cut(usage.total), tasks };
}

/** The newest figure that is known of the last few: one node may report a little later than the others. */
export function latest(values: readonly (number | null)[]): number | undefined {
  return values.slice(-3).findLast(value => value !== null) ?? undefined;
}

/** The highest figure; undefined where none is known. */
export function highest(values: readonly (number | null)[]): number | undefined {
  const known = values.filter(value => value !== null);
  return known.length > 0 ? Math.max(...known) : undefined;
}

/** A list that is `length` long: what is missing was before it began. */
function fill(values: readonly (number | null)[] = [], length: number): (number | null)[] {
  return [...Array.from({ length: length - values.length }, () => null), ...values];
}

function tail<T>(values: readonly T[], count: number): T[] {
  return values.slice(values.length - count);
}
