import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserUnavailableReason, startBrowser } from "../lab/browser.ts";
import type { Daemon } from "../lab/daemon.ts";
import { init, join, Managers, showsManagers } from "../lab/managers.ts";
import { createService, runningTasks } from "../lab/services.ts";

const reason = browserUnavailableReason();
const title = "what operators do from the dashboard";
const port = 9377;

interface Spec {
  readonly Labels?: object;
  readonly TaskTemplate: {
    readonly ContainerSpec: { readonly Image: string; readonly Env?: readonly string[] };
    readonly ForceUpdate?: number;
  };
}

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  const managers = new Managers("127.0.99", address => ["--dashboard-addr", `${address}:${port}`]);
  let host: Daemon;
  let worker: Daemon;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  const url = (path: string): string => `http://${host.options.address}:${port}${path}`;
  const service = async (): Promise<Spec> => ((await host.apiOk("GET", "/services/web")) as { Spec: Spec }).Spec;
  const image = async (): Promise<string> => (await service()).TaskTemplate.ContainerSpec.Image;
  const node = async (): Promise<object> => ((await host.apiOk("GET", "/nodes/n2")) as { Spec: object }).Spec;
  const listed = async (path: string): Promise<readonly string[]> =>
    ((await host.apiOk("GET", path)) as { Name?: string; Spec?: { Name: string } }[]).map(
      ({ Name, Spec }) => Spec?.Name ?? Name ?? "",
    );
  /** Presses a button of the view, fills in what it asks for, and confirms. */
  const act = async (button: string, verb: string, text?: string): Promise<void> => {
    await page.locator("main").getByRole("button", { name: button, exact: true }).click();
    const dialog = page.getByRole("dialog");
    if (text !== undefined) await dialog.getByRole("textbox").fill(text);
    await dialog.getByRole("button", { name: verb, exact: true }).click();
    await dialog.waitFor({ state: "hidden" });
  };
  const at = async (path: string): Promise<void> => {
    await page.goto(url(path));
    await page.getByRole("heading", { level: 1 }).waitFor();
  };
  const idOf = async (path: string): Promise<string> => ((await host.apiOk("GET", path)) as { ID: string }).ID;

  beforeAll(async () => {
    host = await managers.start(1);
    worker = await managers.start(2);
    await init(host);
    // So that it is soon seen that a node is down.
    await host.dockerOk("swarm", "update", "--dispatcher-heartbeat", "2s");
    await join(worker, host, "worker");
    await createService(host, "web", { replicas: 1 });
    await runningTasks(host, "web", 1);
    await host.dockerWith("old", "config", "create", "unused", "-");
    await host.dockerOk("network", "create", "-d", "overlay", "empty");
    const { Token } = (await host.apiOk("POST", "/shoal/dashboard/tokens", {})) as { Token: string };
    browser = await startBrowser();
    page = await browser.newPage();
    page.on("pageerror", error => problems.push(error.message));
    await page.goto(url(`/#token=${Token}`));
    await page.getByRole("heading", { name: "Where tasks run" }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await managers.dispose();
  });

  it("changes a service: its image, back, its environment, and all its tasks anew", async () => {
    await at(`/services/${await idOf("/services/web")}`);
    const before = await image();
    await act("Change image", "Update", "shoal/whoami:other");
    await expect.poll(image).toBe("shoal/whoami:other");
    await act("Roll back", "Roll back");
    await expect.poll(image).toBe(before);
    await act("Environment", "Update", "MODE=live\n\nLEVEL=a=b");
    await expect.poll(async () => (await service()).TaskTemplate.ContainerSpec.Env).toEqual(["MODE=live", "LEVEL=a=b"]);
    await act("Restart", "Restart");
    await expect.poll(async () => (await service()).TaskTemplate.ForceUpdate).toBe(1);
  });

  it("changes a node: what it takes, what it is, its labels, and whether it is there", async () => {
    await at(`/nodes/${await idOf("/nodes/n2")}`);
    await page.getByText("ready · active").waitFor();
    expect(await page.getByRole("button", { name: "Remove" }).count()).toBe(0);
    for (const [button, Availability] of [
      ["Drain", "drain"],
      ["Pause", "pause"],
      ["Activate", "active"],
    ] as const) {
      await act(button, button);
      await expect.poll(node).toMatchObject({ Availability });
    }
    await act("Labels", "Change", "disk=ssd");
    await expect.poll(node).toMatchObject({ Labels: { disk: "ssd" } });
    await act("Promote", "Promote");
    await page.getByText("Node · manager", { exact: true }).waitFor();
    await showsManagers(host, { n1: "Leader", n2: "Reachable" });
    await act("Demote", "Demote");
    await page.getByText("Node · worker", { exact: true }).waitFor();
    // It takes a moment until it has laid down what made it a manager.
    await expect.poll(async () => (await worker.docker("swarm", "leave")).code).toBe(0);
    await act("Remove", "Remove");
    await page.getByRole("heading", { name: "Nodes", level: 1 }).waitFor();
    await expect.poll(() => page.getByRole("link", { name: "n2" }).count()).toBe(0);
  });

  it("removes what nobody uses", async () => {
    await at("/data");
    await act("Remove", "Remove");
    await expect.poll(() => listed("/configs")).toEqual([]);
    await at("/networks");
    await page.getByRole("link", { name: "empty" }).click();
    await act("Remove", "Remove");
    await expect.poll(() => listed("/networks")).not.toContain("empty");
  });

  it("had nothing to complain of", () => expect(problems).toEqual([]));
});
