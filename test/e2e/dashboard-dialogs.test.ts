import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserUnavailableReason, phoneProblems, startBrowser } from "../lab/browser.ts";
import type { Daemon } from "../lab/daemon.ts";
import { init, Managers } from "../lab/managers.ts";
import { createService, runningTasks } from "../lab/services.ts";

const reason = browserUnavailableReason();
const title = "the dashboard's dialogs and plans";
const port = 9377;
const serviceDialogs = ["Scale", "Change image", "Environment", "Labels", "Restart", "Roll back", "Remove"];
const nodeDialogs = ["Pause", "Drain", "Demote", "Labels"];
/** A Compose file of a stack with a line that a swarm does nothing with. */
const compose = (replicas: number): string => `services:
  app:
    image: shoal/sleep
    build: .
    configs: [motd]
    deploy: { replicas: ${replicas} }
configs:
  motd: { content: hello }
`;

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const managers = new Managers("127.0.98", address => ["--dashboard-addr", `${address}:${port}`]);
  let host: Daemon;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  const url = (path: string): string => `http://${host.options.address}:${port}${path}`;
  const isFine = async (what: string): Promise<void> => {
    for (const problem of await phoneProblems(page)) problems.push(`${what}: ${problem}`);
  };
  const idOf = async (path: string): Promise<string> => ((await host.apiOk("GET", path)) as { ID: string }).ID;

  beforeAll(async () => {
    host = await managers.start(1);
    await init(host);
    await createService(host, "web", { replicas: 1 });
    await runningTasks(host, "web", 1);
    // So that there is something to roll back to.
    await host.dockerOk("service", "update", "-q", "-d", "--label-add", "tier=front", "web");
    const { Token } = (await host.apiOk("POST", "/shoal/dashboard/tokens", {})) as { Token: string };
    browser = await startBrowser();
    page = await browser.newPage();
    page.on("pageerror", error => problems.push(error.message));
    page.on("console", message => message.text().includes("Content Security Policy") && problems.push(message.text()));
    await page.goto(url(`/#token=${Token}`));
    await page.getByRole("heading", { name: "Where tasks run" }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await managers.dispose();
  });

  /** Opens each with the keyboard, looks, and leaves with the keyboard. */
  async function walkThrough(names: readonly string[]): Promise<void> {
    const dialog = page.getByRole("dialog");
    await page.locator("main").getByRole("button", { name: names[0]!, exact: true }).waitFor();
    // Chromium drops keys that are pressed before the page was painted for the first time.
    await page.evaluate("new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
    for (const name of names) {
      const button = page.locator("main").getByRole("button", { name, exact: true });
      await button.focus();
      await page.keyboard.press("Enter");
      await dialog.waitFor();
      await dialog.locator(":focus").waitFor();
      await isFine(name);
      await page.keyboard.press("Escape");
      await page.locator("dialog form").waitFor({ state: "detached" });
      await page.locator("main button:focus", { hasText: name }).waitFor();
    }
  }

  it("are there for everyone and for the keyboard alone: a service's", async () => {
    await page.goto(url(`/services/${await idOf("/services/web")}`));
    await walkThrough(serviceDialogs);
  });

  it("a node's", async () => {
    await page.goto(url(`/nodes/${await idOf(`/nodes/${host.options.hostname}`)}`));
    await walkThrough(nodeDialogs);
  });

  it("change nothing when they are left", async () => {
    const { Spec } = (await host.apiOk("GET", "/services/web")) as { Spec: { Labels: object } };
    expect(Spec.Labels).toEqual({ tier: "front" });
    expect(await host.apiOk("GET", "/nodes")).toMatchObject([{ Spec: { Availability: "active", Role: "manager" } }]);
  });

  it("show a plan before, while and after it is carried out, also where that goes wrong", async () => {
    await page.goto(url("/deploy"));
    const show = async (replicas: number): Promise<void> => {
      await page.getByLabel("Name of the stack").fill("shop");
      await page.getByLabel(/^Compose file/).fill(compose(replicas));
      await page.getByRole("button", { name: "Show the plan" }).click();
      await page.getByRole("heading", { name: "The plan" }).waitFor();
    };
    await show(1);
    await isFine("a plan");
    // Held up until it was looked at: otherwise it is done at once.
    let goOn = (): void => {};
    const held = new Promise<void>(resolve => {
      goOn = resolve;
    });
    await page.route("**/services/create", async route => {
      await held;
      await route.continue();
    });
    await page.getByRole("button", { name: /^Deploy: 3 changes/ }).click();
    await page.getByRole("row", { name: /^service shop_app .* runs$/ }).waitFor();
    await page.getByRole("row", { name: /^config shop_motd .* done$/ }).waitFor();
    await isFine("a plan that is carried out");
    goOn();
    await page.getByRole("row", { name: /shop_app 1\/1/ }).waitFor();
    await isFine("a plan that is done");
    await page.goto(url("/deploy"));
    await show(2);
    // Somebody else is faster.
    await host.dockerOk("service", "update", "-q", "-d", "--label-add", "a=b", "shop_app");
    await page.getByRole("button", { name: /^Deploy: 1 change/ }).click();
    await page.getByRole("alert").getByText("What was done before stays").waitFor();
    await isFine("a plan that failed");
    await page.getByRole("button", { name: "Back to the file" }).click();
    expect(await page.getByLabel(/^Compose file/).inputValue()).toBe(compose(2));
  });

  it("had nothing to complain of", () => expect(problems).toEqual([]));
});
