import type { Page } from "playwright-core";
import { browserUnavailableReason, startBrowser } from "../test/lab/browser.ts";
import { pageMemory } from "./lab/page-memory.ts";
import { median, quantile, type Report, settings } from "./lab/report.ts";
import { SimulatedDashboard } from "./lab/simulated-dashboard.ts";
import type { SimulatedSwarm } from "./lab/simulated-swarm.ts";

/** Writes a second: the changes come in as many portions, as agents' reports do. */
const writesPerSecond = 50;
const msPerSecond = 1_000;
/** Openings of the page of which the median counts. */
const openings = 5;
/** Milliseconds of a storm before frames count, and for which they do. */
const warmUpMs = 3_000;
const framesMs = 20_000;
const size = { width: 1360, height: 860 };

/**
 * The dashboard's page in a real browser, before a manager's API whose state is in memory and whose agents are simulated: until
 * everything is seen, frames a second while tasks change all the time, and memory over `--minutes`.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const reason = browserUnavailableReason();
  if (reason) throw new Error(`Cannot look at the dashboard: ${reason}`);
  const { minutes, changes, ...swarmSize } = settings(args, {
    ...{ nodes: 100, services: 50, tasks: 5_000, changes: 500, minutes: 1 },
  });
  const dashboard = await SimulatedDashboard.start(swarmSize);
  const browser = await startBrowser();
  try {
    const page = await browser.newPage({ viewport: size });
    await page.goto(`${dashboard.url}#token=${dashboard.token()}`);
    // Whoever leaves before is not logged in.
    await page.getByRole("heading", { name: "Where tasks run" }).waitFor();
    await opening(report, page, dashboard.url, swarmSize);
    await page.evaluate("document.querySelector('.columns').scrollIntoView()");
    const storm = new Storm(dashboard.swarm, changes);
    const params = { ...swarmSize, changes };
    await page.waitForTimeout(warmUpMs);
    await frames(report, page, params);
    await pageMemory(report, page, minutes, params);
    storm.stop();
  } finally {
    await browser.close();
    await dashboard.close();
  }
}

/** Milliseconds since the address was opened until something, and until every task, was painted. */
async function opening(report: Report, page: Page, url: string, params: { readonly tasks: number }): Promise<void> {
  const first: number[] = [];
  const whole: number[] = [];
  for (let round = 0; round < openings; round++) {
    await page.goto("about:blank");
    await page.goto(url);
    whole.push(await page.evaluate<number>(untilShown(params.tasks)));
    first.push(
      await page.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"),
    );
  }
  report("something painted", median(first), "ms", { ...params, openings, worst: Math.max(...first) });
  report("every task painted", median(whole), "ms", { ...params, openings, worst: Math.max(...whole) });
}

/** Evaluated in the page: when as many marks are there, and a frame with them was drawn. */
const untilShown = (count: number): string => `new Promise(done => {
  const look = () => {
    if (document.querySelectorAll(".marks a").length < ${count}) requestAnimationFrame(look);
    else requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
  };
  look();
})`;

/** Frames of the page in each second, and how long the longest gaps between two are. */
async function frames(report: Report, page: Page, params: Record<string, unknown>): Promise<void> {
  const times = await page.evaluate<number[]>(`new Promise(done => {
    const times = [];
    const end = performance.now() + ${framesMs};
    const tick = now => { times.push(now); if (now < end) requestAnimationFrame(tick); else done(times); };
    requestAnimationFrame(tick);
  })`);
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? time));
  const seconds = new Map<number, number>();
  for (const time of times) {
    const second = Math.floor((time - (times[0] ?? 0)) / msPerSecond);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  const whole = [...seconds.values()].slice(0, -1);
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  report("frames in a storm", (gaps.length * msPerSecond) / span, "1/s", {
    ...params,
    worstSecond: Math.min(...whole),
  });
  report("gap between frames, 99th percentile", quantile(gaps, 0.99), "ms", { ...params, worst: Math.max(...gaps) });
}

/** Changes so many objects a second until it is stopped. */
class Storm {
  readonly #timer: NodeJS.Timeout;
  #owed = 0;
  #lastMs = performance.now();

  constructor(swarm: SimulatedSwarm, changesPerSecond: number) {
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      this.#owed += ((nowMs - this.#lastMs) * changesPerSecond) / msPerSecond;
      this.#lastMs = nowMs;
      const due = Math.floor(this.#owed);
      this.#owed -= due;
      if (due > 0) void swarm.change(due, Math.random);
    }, msPerSecond / writesPerSecond);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
