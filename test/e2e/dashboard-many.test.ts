import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SimulatedDashboard } from "../../bench/lab/simulated-dashboard.ts";
import { accessibilityProblems, browserUnavailableReason, startBrowser } from "../lab/browser.ts";

const reason = browserUnavailableReason();
const titled = (title: string): string => (reason ? `${title} (skipped: ${reason})` : title);
const size = { nodes: 3, services: 1, tasks: 5_000 };
/** Elements of a page that is still drawn fast; a table with all tasks has 65,000. */
const fewElements = 3_000;

describe.skipIf(reason)(titled("the dashboard of a service with 5,000 tasks"), () => {
  let dashboard: SimulatedDashboard;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  const elements = () => page.evaluate<number>("document.querySelectorAll('*').length");
  const at = async (path: string): Promise<void> => {
    await page.goto(`${dashboard.url}${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
  };
  const isFine = async (): Promise<void> => {
    expect(await elements()).toBeLessThan(fewElements);
    for (const problem of await accessibilityProblems(page)) problems.push(`${page.url()}: ${problem}`);
  };
  const rows = (table: string) => page.getByRole("region", { name: table, exact: true }).locator("tbody tr");

  beforeAll(async () => {
    dashboard = await SimulatedDashboard.start(size);
    browser = await startBrowser();
    page = await browser.newPage();
    page.on("pageerror", error => problems.push(error.message));
    await page.goto(`${dashboard.url}#token=${dashboard.token()}`);
    await page.getByRole("heading", { name: "Where tasks run" }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await dashboard?.close();
  });

  it("counts a node's tasks by service, and shows each to who opens that with the keyboard", async () => {
    const column = page.locator(".column").first();
    await column.getByText("1,667 running").waitFor();
    await isFine();
    await column.locator("summary").focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => column.locator(".marks a").count()).toBe(1_667);
    await page.keyboard.press("Enter");
    await expect.poll(() => column.locator(".marks a").count()).toBe(0);
  });

  it("shows the service's slots a page at a time", async () => {
    await at("services/service0");
    await page.getByText("5,000 of 5,000 running").waitFor();
    expect(await rows("Tasks").count()).toBe(100);
    await isFine();
    const pages = page.getByRole("navigation", { name: "Pages of tasks" });
    await pages.getByRole("button", { name: "Next" }).focus();
    await page.keyboard.press("Enter");
    await rows("Tasks").getByRole("rowheader", { name: "101", exact: true }).waitFor();
    await pages.getByLabel("Shown").selectOption("4,901 to 5,000");
    await rows("Tasks").getByRole("rowheader", { name: "5000", exact: true }).waitFor();
    expect(await pages.getByRole("button", { name: "Next" }).isDisabled()).toBe(true);
  });

  it("finds those that do not run, also when there is none any more", async () => {
    const firstPlace = () => 0;
    // Its task is replaced, and the new one assigned.
    await dashboard.swarm.change(1, firstPlace);
    const choice = page.getByRole("group", { name: "State" });
    await choice.getByRole("button", { name: "1 starting" }).click();
    await expect.poll(() => rows("Tasks").count()).toBe(1);
    // Preparing, starting, running.
    await dashboard.swarm.change(3, firstPlace);
    await page.getByText("There is none like that now.").waitFor();
    await choice.getByRole("button", { name: "0 starting" }).waitFor();
  });

  it("shows slots over time a page at a time", async () => {
    const slots = page.getByRole("list", { name: "Tasks over time" }).locator("> li");
    expect(await slots.count()).toBe(40);
    await page.getByRole("checkbox", { name: /Only slots where a task has failed \(0 of 5,000\)/ }).waitFor();
    await page.getByRole("navigation", { name: "Pages of slots" }).getByRole("button", { name: "Next" }).click();
    await slots.getByText("slot 41", { exact: true }).waitFor();
    await slots.locator("button").first().focus();
    await page.keyboard.press("ArrowDown");
    await slots.nth(1).locator("button:focus").waitFor();
  });

  it("shows a node's tasks a page at a time", async () => {
    await at(`nodes/node${"0".padStart(21, "0")}`);
    await rows("Tasks on this node").first().waitFor();
    expect(await rows("Tasks on this node").count()).toBe(100);
    await isFine();
  });

  it("takes everything in anew when its manager got a snapshot for what it missed", async () => {
    await at("");
    const tasks = page.locator(".tile", { hasText: "Tasks" });
    await tasks.getByText(/^5,000\//).waitFor();
    // One of these has been replaced above.
    dashboard.swarm.skipTo(901);
    await tasks.getByText("900/900").waitFor();
    await expect.poll(() => page.locator(".marks a").count()).toBe(900);
  });

  it("had nothing to complain of", () => expect(problems).toEqual([]));
});
