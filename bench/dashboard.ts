import { join, resolve } from "node:path";
import type { CDPSession, Page } from "playwright-core";
import { type Dashboard, serveDashboard } from "../src/dashboard/server/server.ts";
import { testMachine } from "../src/docker-api/api.test-kit.ts";
import { FakeEngine } from "../src/docker-api/fakes.test-kit.ts";
import { type DockerApi, startDockerApi } from "../src/docker-api/server.ts";
import { systemClock } from "../src/platform/clock.ts";
import { silentLogger } from "../src/ports/log.ts";
import { browserUnavailableReason, startBrowser } from "../test/lab/browser.ts";
import { median, quantile, type Report, settings } from "./lab/report.ts";
import { SimulatedSwarm } from "./lab/simulated-swarm.ts";

/** Writes a second: the changes come in as many portions, as agents' reports do. */
const writesPerSecond = 50;
const msPerSecond = 1_000;
const msPerMinute = 60_000;
/** Openings of the page of which the median counts. */
const openings = 5;
/** Milliseconds of a storm before frames count, and for which they do. */
const warmUpMs = 3_000;
const framesMs = 20_000;
/** Minutes from which on it can be said whether the page grows. */
const leastMinutes = 4;
const sessionMs = 24 * 60 * msPerMinute;
const assets = resolve(import.meta.dirname, "../dist/dashboard/web");
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
  const swarm = new SimulatedSwarm(swarmSize);
  await swarm.fill();
  const doors = { backend: swarm, engine: new FakeEngine(), clock: systemClock, log: silentLogger };
  const api = await startDockerApi({ ...doors, hosts: [], machine: testMachine });
  const dashboard = await serve(api);
  const browser = await startBrowser();
  try {
    const token = api.passes.give({ name: "bench", role: "operator", expiresMs: Date.now() + sessionMs });
    const page = await browser.newPage({ viewport: size });
    await page.goto(`${dashboard.url}#token=${token}`);
    await opening(report, page, dashboard.url, swarmSize);
    await page.evaluate("document.querySelector('.columns').scrollIntoView()");
    const storm = new Storm(swarm, changes);
    const params = { ...swarmSize, changes };
    await page.waitForTimeout(warmUpMs);
    await frames(report, page, params);
    await memory(report, page, minutes, params);
    storm.stop();
  } finally {
    await browser.close();
    await dashboard.close();
    await api.close();
  }
}

function serve(api: DockerApi): Promise<Dashboard> {
  return serveDashboard({
    address: "127.0.0.1:0",
    ...{ tls: undefined, names: [], assets: join(assets) },
    api: {
      obstacle: () => undefined,
      check: token => api.passes.check(token),
      answer: (request, response, { name }) => api.answer(request, response, { via: "dashboard", address: "", name }),
    },
  });
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

/** What the page holds after garbage was collected, every tenth of the time. */
async function memory(report: Report, page: Page, minutes: number, params: Record<string, unknown>): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const samples: Held[] = [await held(session)];
  for (let tenth = 1; tenth <= 10; tenth++) {
    await page.waitForTimeout((minutes * msPerMinute) / 10);
    samples.push(await held(session));
    const { heapMb, nodes } = samples.at(-1) ?? { heapMb: 0, nodes: 0 };
    report("page's memory", heapMb, "MB", { ...params, minute: (minutes * tenth) / 10, nodes });
  }
  // In the first minutes the places fill up with the task before the one of now.
  if (minutes < leastMinutes) return;
  const [first, last] = [samples.slice(0, 5), samples.slice(-5)].map(five => median(five.map(({ heapMb }) => heapMb)));
  report("growth of the page's memory", ((last ?? 0) - (first ?? 0)) * (60 / (minutes * 0.6)), "MB/h", params);
}

interface Held {
  readonly heapMb: number;
  /** Of the document, and those that are kept though they are out of it. */
  readonly nodes: number;
}

async function held(session: CDPSession): Promise<Held> {
  await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (name: string): number => metrics.find(metric => metric.name === name)?.value ?? Number.NaN;
  return { heapMb: of("JSHeapUsedSize") / 1e6, nodes: of("Nodes") };
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
