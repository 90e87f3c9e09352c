import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessibilityProblems, browserUnavailableReason, phoneProblems, startBrowser } from "../lab/browser.ts";
import type { Daemon } from "../lab/daemon.ts";
import { init, join, Managers } from "../lab/managers.ts";
import { createService, runningTasks } from "../lab/services.ts";

const reason = browserUnavailableReason();
const titled = (title: string): string => (reason ? `${title} (skipped: ${reason})` : title);
const port = 9377;

describe.skipIf(reason)(titled("the dashboard where there is little to show"), () => {
  const managers = new Managers("127.0.97", address => ["--dashboard-addr", `${address}:${port}`]);
  let first: Daemon;
  let second: Daemon;
  let worker: Daemon;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  const url = (daemon: Daemon, path = "/"): string => `http://${daemon.options.address}:${port}${path}`;
  const token = async (body: object = {}): Promise<string> =>
    ((await first.apiOk("POST", "/shoal/dashboard/tokens", body)) as { Token: string }).Token;
  const heading = (name: string | RegExp, at = page) => at.getByRole("heading", { name });
  const isAccessible = async (at = page): Promise<void> => {
    problems.push(...(await accessibilityProblems(at)), ...(await phoneProblems(at)));
  };

  beforeAll(async () => {
    [first, second, worker] = (await Promise.all([1, 2, 3].map(at => managers.start(at)))) as [Daemon, Daemon, Daemon];
    browser = await startBrowser();
    page = await browser.newPage();
    page.on("pageerror", error => problems.push(error.message));
  });
  afterAll(async () => {
    await browser?.close();
    await managers.dispose();
  });

  it("says how to found a swarm, and goes on by itself once there is one", async () => {
    await page.goto(url(first));
    await heading("This node is in no swarm").waitFor();
    await page.getByText("docker swarm init", { exact: true }).waitFor();
    await isAccessible();
    await init(first);
    await page.getByLabel("Token").fill(await token());
    await page.getByRole("button", { name: "Log in" }).click();
  });

  it("shows the next steps in an empty swarm", async () => {
    await heading(/^Nothing runs yet/).waitFor();
    await page.getByText("docker swarm join-token worker").waitFor();
    await isAccessible();
    await join(second, first, "manager");
    await join(worker, first, "worker");
    await page.getByText("There are 3 nodes").waitFor();
  });

  it("says on a worker who knows more", async () => {
    const other = await browser.newPage();
    await other.goto(url(worker));
    await heading("This node is a worker", other).waitFor();
    await isAccessible(other);
    await other.close();
  });

  it("leads back to the same view when a session is over", async () => {
    const context = await browser.newContext();
    const brief = await context.newPage();
    await brief.goto(url(first, `/nodes#token=${await token({ Seconds: 2 })}`));
    await heading("Nodes", brief).waitFor();
    await brief.getByText("Your session is over").waitFor();
    await isAccessible(brief);
    await brief.getByLabel("Token").fill(await token());
    await brief.getByRole("button", { name: "Log in" }).click();
    await heading("Nodes", brief).waitFor();
    await context.close();
  });

  it("shows what is known, and what to do, while there is no quorum: also to who comes then", async () => {
    await createService(first, "web", { replicas: 2 });
    await runningTasks(first, "web", 2);
    await second.end("SIGKILL");
    const trouble = page.locator(".trouble");
    await trouble.getByText("2 managers of 2 must reach each other; 1 can").waitFor();
    await trouble.getByText("cannot be reached").waitFor();
    await page.reload();
    await trouble.getByText("docker swarm init --force-new-cluster").waitFor();
    await expect.poll(() => page.locator(".marks .mark.running").count()).toBe(2);
    await isAccessible();
    await first.end("SIGKILL");
    await page.getByRole("alert").getByText("This manager's daemon cannot be reached.").waitFor();
    await isAccessible();
    await first.start();
    await page.getByText("Not live.").waitFor({ state: "detached" });
    await page.reload();
    await trouble.getByText("n2").waitFor();
    // What a manager has of the last moments before it ended may not be known to be committed.
    await expect.poll(() => page.locator(".marks a").count()).toBe(2);
    await second.start();
    await trouble.waitFor({ state: "detached" });
  });

  it("says how to unlock a manager, and goes on once it is", async () => {
    await first.dockerOk("swarm", "update", "--autolock");
    const key = await second.dockerOk("swarm", "unlock-key", "-q");
    await first.end();
    await first.start();
    await heading("This manager is locked").waitFor();
    await isAccessible();
    await first.apiOk("POST", "/swarm/unlock", { UnlockKey: key });
    await heading("Where tasks run").waitFor();
  });

  it("ends open pages' sessions within seconds when tokens are taken back", async () => {
    await first.dockerOk("swarm", "join-token", "--rotate", "-q", "manager");
    await page.getByText("Your session is over").waitFor();
  });

  it("had nothing to complain of", () => expect(problems).toEqual([]));
});
