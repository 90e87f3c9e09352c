import { Session } from "node:inspector/promises";
import type { CDPSession, Page } from "playwright-core";
import { median, type Report } from "./report.ts";

const msPerMinute = 60_000;
const minutesPerHour = 60;
/** Samples, where a minute each would give fewer. */
const leastSamples = 10;
/** Minutes from which on it can be said what grows, and those that do not count: until then each place gets a task before the one of now. */
const leastMinutes = 6;
const warmUpMinutes = 4;

/** What is held when garbage has been collected. */
interface Held {
  readonly minute: number;
  readonly heapMb: number;
  /** Of the document, and those that are kept though they are out of it. */
  readonly nodes: number;
  readonly listeners: number;
  /** Times that elements came, went or changed since the sample before: none means that the page follows nothing any more. */
  readonly mutations: number;
  /** Of this process, where the manager's state and API are. */
  readonly managerHeapMb: number;
}

/** Tells each minute (at least ten times in all) what the page and this process hold, and by how much an hour that grew. */
export async function pageMemory(
  report: Report,
  page: Page,
  minutes: number,
  params: Record<string, unknown>,
): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  await page.evaluate(countMutations);
  const count = Math.max(leastSamples, Math.ceil(minutes));
  const samples: Held[] = [];
  for (let at = 1; at <= count; at++) {
    await page.waitForTimeout((minutes * msPerMinute) / count);
    const sample = await held(page, session, (minutes * at) / count);
    const { heapMb, managerHeapMb, ...rest } = sample;
    report("page's memory", heapMb, "MB", { ...params, ...rest, managerHeapMb: Math.round(managerHeapMb) });
    samples.push(sample);
  }
  if (minutes < leastMinutes) return;
  const settled = samples.filter(({ minute }) => minute > warmUpMinutes);
  report("growth of the page's memory", growth(settled, "heapMb"), "MB/h", params);
  report("growth of the page's nodes", growth(settled, "nodes"), "1/h", params);
  report("growth of the manager's memory", growth(settled, "managerHeapMb"), "MB/h", params);
}

/** An hour's growth by the slopes between any two samples, of which the median counts (Theil and Sen): single peaks do not matter. */
function growth(samples: readonly Held[], what: "heapMb" | "nodes" | "managerHeapMb"): number {
  const slopes = samples.flatMap((from, at) =>
    samples.slice(at + 1).map(to => (to[what] - from[what]) / (to.minute - from.minute)),
  );
  return median(slopes) * minutesPerHour;
}

/** Evaluated in the page: counts from then on. */
const countMutations = `
  window.mutations = 0;
  new MutationObserver(records => { window.mutations += records.length; })
    .observe(document.body, { subtree: true, childList: true, attributes: true });
`;

async function held(page: Page, session: CDPSession, minute: number): Promise<Held> {
  await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (name: string): number => metrics.find(metric => metric.name === name)?.value ?? Number.NaN;
  const mutations = await page.evaluate<number>("[window.mutations, window.mutations = 0][0]");
  const inPage = { heapMb: of("JSHeapUsedSize") / 1e6, nodes: of("Nodes"), listeners: of("JSEventListeners") };
  return { minute, ...inPage, mutations, managerHeapMb: await ownHeapMb() };
}

async function ownHeapMb(): Promise<number> {
  const session = new Session();
  session.connect();
  try {
    await session.post("HeapProfiler.collectGarbage");
  } finally {
    session.disconnect();
  }
  return process.memoryUsage().heapUsed / 1e6;
}
