import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessibilityProblems, browserUnavailableReason, startBrowser } from "../lab/browser.ts";
import type { Daemon } from "../lab/daemon.ts";
import { figuresOf, metricsFlags, total } from "../lab/figures.ts";
import { init, Managers } from "../lab/managers.ts";
import { shoalOk } from "../lab/shoal.ts";

const reason = browserUnavailableReason();
const title = "the dashboard's charts and timeline";
const port = 9377;
/** A sample comes every ten seconds, and a share of a processor is between two of them. */
const measuredWithinMs = 60_000;

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const managers = new Managers("127.0.75", address => [
    ...["--dashboard-addr", `${address}:${port}`],
    ...metricsFlags(address),
  ]);
  let host: Daemon;
  let browser: Browser;
  let page: Page;
  let serviceId: string;
  const problems: string[] = [];

  const url = (path: string): string => `http://${host.options.address}:${port}${path}`;
  const opened = async (context: BrowserContext): Promise<Page> => {
    const body = { Name: "ada", ReadOnly: true };
    const { Token } = (await host.apiOk("POST", "/shoal/dashboard/tokens", body)) as { Token: string };
    const opening = await context.newPage();
    opening.on("pageerror", error => problems.push(error.message));
    opening.on(
      "console",
      message => message.text().includes("Content Security Policy") && problems.push(message.text()),
    );
    await opening.goto(url(`/#token=${Token}`));
    await opening.getByRole("heading", { name: "Where tasks run" }).waitFor();
    await opening.goto(url(`/services/${serviceId}`));
    return opening;
  };
  const bars = (look: string) => page.locator(`.timeline-bars .bar.${look}`);

  beforeAll(async () => {
    host = await managers.start(1);
    await init(host);
    const program = ["sh", "-c", "while :; do :; done"];
    const flags = ["--replicas", "2", "--reserve-cpu", "0.5", "--stop-grace-period", "1s"];
    const update = ["--update-delay", "1s", "--update-failure-action", "rollback", "--update-monitor", "2s"];
    const image = ["shoal/job", ...program];
    await host.dockerOk("service", "create", "-q", "--name", "busy", ...flags, ...update, ...image);
    serviceId = ((await host.apiOk("GET", "/services/busy")) as { ID: string }).ID;
    browser = await startBrowser();
    page = await opened(await browser.newContext());
  });
  afterAll(async () => {
    await browser?.close();
    await managers.dispose();
  });

  it("show readers what a service's tasks use, each and in sum, and a node's beside what is reserved", async () => {
    const chart = page.locator(".chart", { hasText: "CPU" });
    await chart.getByText(/0\.\d+ CPU now|[12](\.\d+)? CPU now/).waitFor({ timeout: measuredWithinMs });
    await page
      .locator(".chart", { hasText: "Memory" })
      .getByText(/[KM]iB now/)
      .waitFor();
    await page.getByRole("row", { name: /^1 running .* CPU .*iB/ }).waitFor();
    const { ID } = ((await host.apiOk("GET", "/nodes")) as { ID: string }[])[0]!;
    await page.goto(url(`/nodes/${ID}`));
    await page.locator(".chart", { hasText: "CPU" }).getByText("1 CPU reserved (dashed)").waitFor();
    await page.goto(url(`/services/${serviceId}`));
  });

  it("are of the same figures that the CLI tells", async () => {
    const rows = (await shoalOk(host, ["service", "usage", "busy", "--format", "{{.Name}} {{.Node}} {{.CPU}}"])).split(
      "\n",
    );
    expect(rows.map(row => row.split(" ").slice(0, -1).join(" ").trim())).toEqual(["busy.1 n1", "busy.2 n1", "all"]);
    expect(Number(rows.at(-1)?.split(" ").at(-1))).toBeGreaterThan(0.1);
  });

  it("follow an update that fails and is rolled back, slot by slot, with the reason where one looks", async () => {
    await expect.poll(() => bars("running").count()).toBe(2);
    await host.dockerOk("service", "update", "-q", "-d", "--args", "sh -c 'exit 7'", "busy");
    await expect.poll(() => bars("failed").count(), { timeout: 30_000 }).toBeGreaterThan(0);
    await page.locator(".band.rollback").waitFor();
    await bars("failed").last().hover();
    await page.locator(".timeline-detail").getByText("task: non-zero exit (7)").waitFor();
    await expect.poll(() => bars("running").count(), { timeout: 30_000 }).toBe(2);
  });

  it("can be gone through with the keyboard alone", async () => {
    await page.locator(".timeline-bars .bar[tabindex='0']").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    const said = async () => page.evaluate<string>("document.activeElement.getAttribute('aria-label')");
    expect(await said()).toMatch(/^slot 1: running/);
    await page.keyboard.press("ArrowLeft");
    expect(await said()).toMatch(/^slot 1: (failed|shutdown)/);
    await page
      .locator(".timeline-detail")
      .getByText(/failed|shutdown/)
      .first()
      .waitFor();
  });

  it.each(["light", "dark"] as const)("can be used by everyone, in %s", async colorScheme => {
    const context = await browser.newContext({ colorScheme, viewport: { width: 390, height: 800 } });
    const small = await opened(context);
    await small.locator(".timeline-bars .bar").first().waitFor();
    await small.locator(".chart").first().waitFor();
    expect(await accessibilityProblems(small)).toEqual([]);
    expect(await small.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    await context.close();
  });

  it("stand beside metrics of what took how long", async () => {
    const figures = await figuresOf(host);
    const counted = [
      "task_scheduling_seconds",
      "task_start_seconds",
      "api_request_seconds",
      "runtime_operation_seconds",
    ];
    const missing = counted.filter(name => total(figures, `shoal_${name}_count`) < 2);
    expect(missing).toEqual([]);
    expect([figures.get("shoal_agent_sessions"), figures.get("shoal_agent_connected")]).toEqual([1, 1]);
    expect(figures.get("shoal_agent_heartbeats_total")).toBeGreaterThan(0);
  });

  it("had nothing to complain of", () => expect(problems).toEqual([]));
});
