import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserUnavailableReason, phoneProblems, startBrowser } from "../lab/browser.ts";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { leaderAndOthers, Managers } from "../lab/managers.ts";
import { createService, runningTasks } from "../lab/services.ts";

const reason = browserUnavailableReason();
const titled = (title: string): string => (reason ? `${title} (skipped: ${reason})` : title);
const port = 9377;
const views = ["/", "/services", "/stacks", "/deploy", "/nodes", "/networks", "/data", "/events"];

describe.skipIf(reason)(titled("the dashboard"), () => {
  const managers = new Managers("127.0.90", address => ["--dashboard-addr", `${address}:${port}`]);
  let all: Daemon[];
  /** Serves the page and does not lead. */
  let host: Daemon;
  let leader: Daemon;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  const url = (path: string): string => `http://${host.options.address}:${port}${path}`;
  const token = async (body: object): Promise<string> =>
    ((await host.apiOk("POST", "/shoal/dashboard/tokens", body)) as { Token: string }).Token;
  const opened = async (context: BrowserContext, body: object): Promise<Page> => {
    const opening = await context.newPage();
    opening.on("pageerror", error => problems.push(error.message));
    opening.on(
      "console",
      message => message.text().includes("Content Security Policy") && problems.push(message.text()),
    );
    await opening.goto(url(`/#token=${await token(body)}`));
    await opening.getByRole("heading", { name: "Where tasks run" }).waitFor();
    return opening;
  };
  const marks = (name = "") => page.locator(".marks a", name ? { hasText: name } : {});
  const column = (name: string) => page.locator(".column", { has: page.getByRole("link", { name, exact: true }) });

  beforeAll(async () => {
    all = await managers.swarm(3);
    const found = await leaderAndOthers(all);
    leader = found.leader;
    host = found.others[0]!;
    await createService(host, "web", { replicas: 3 });
    await runningTasks(host, "web", 3);
    browser = await startBrowser();
    page = await opened(await browser.newContext(), { Name: "grace" });
  });
  afterAll(async () => {
    await browser?.close();
    await managers.dispose();
  });

  const confirm = async (verb: string): Promise<void> => {
    await page.getByRole("dialog").getByRole("button", { name: verb }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
  };

  it("lets nobody in without a token, and forgets the one in the link", async () => {
    expect(page.url()).toBe(url("/"));
    const stranger = await (await browser.newContext()).newPage();
    await stranger.goto(url("/services"));
    await stranger.getByLabel("Token").fill("shoal-dashboard-1.x.y");
    await stranger.getByRole("button", { name: "Log in" }).click();
    await stranger.getByRole("alert").getByText("not, or no longer, valid").waitFor();
    await stranger.getByLabel("Token").fill(await token({}));
    await stranger.getByRole("button", { name: "Log in" }).click();
    await stranger.getByRole("heading", { name: "Services", level: 1 }).waitFor();
    await stranger.context().close();
  });

  it("shows tasks appear as a service is scaled from it", async () => {
    await expect.poll(() => marks().count()).toBe(3);
    await page.getByRole("navigation").getByRole("link", { name: "Services" }).click();
    await page.getByRole("link", { name: "web" }).click();
    await page.getByRole("button", { name: "Scale" }).click();
    await page.getByLabel("Replicas").fill("30");
    await confirm("Scale");
    await page.getByText("30 of 30 running").waitFor();
    await page
      .getByRole("navigation")
      .getByRole("link", { name: /^Overview/ })
      .click();
    await expect.poll(() => page.locator(".marks .mark.running").count()).toBe(30);
  });

  it("says why a service cannot run, and what to do", async () => {
    const create = ["service", "create", "-q", "-d", "--name", "picky", "--constraint", "node.labels.gpu==yes"];
    await host.dockerOk(...create, "shoal/sleep");
    const concern = page.locator(".concern", { hasText: "1 task of picky cannot be placed" });
    await concern.getByText("scheduling constraints not satisfied").waitFor();
    await concern.getByText("add a node that fits").waitFor();
    await host.dockerOk("service", "rm", "picky");
    await concern.waitFor({ state: "detached" });
  });

  it("offers readers nothing to change, and changes nothing for them", async () => {
    const context = await browser.newContext();
    const reader = await opened(context, { Name: "ada", ReadOnly: true });
    await reader.getByRole("link", { name: "web" }).first().click();
    await reader.getByText("30 of 30 running").waitFor();
    expect(await reader.getByRole("button", { name: "Scale" }).count()).toBe(0);
    const headers = { "X-Shoal-Dashboard": "1", Origin: url("").replace(/\/$/, "") };
    expect((await context.request.delete(url("/api/services/web"), { headers })).status()).toBe(403);
    expect((await context.request.get(url("/api/swarm"))).status()).toBe(403);
    await context.close();
  });

  it("shows a service's log as it is written", async () => {
    const program = ["sh", "-c", "while :; do echo tick; sleep 0.2; done"];
    await host.dockerOk("service", "create", "-q", "--name", "ticker", "shoal/job", ...program);
    await page.getByRole("link", { name: "ticker" }).first().click();
    await expect.poll(() => page.locator(".lines li", { hasText: "tick" }).count()).toBeGreaterThan(2);
    await page.getByLabel("Search").fill("no such text");
    await page.getByText("No line has that.").waitFor();
    await page.getByRole("button", { name: "Remove" }).click();
    await confirm("Remove");
    await page.getByRole("heading", { name: "Services", level: 1 }).waitFor();
    await expect.poll(() => page.getByRole("link", { name: "ticker" }).count()).toBe(0);
  });

  it("deploys a pasted Compose file, says first what that does, and where the file is wrong", async () => {
    const compose = (replicas: number) => `services:
  app:
    image: shoal/sleep
    configs: [motd]
    deploy: { replicas: ${replicas} }
configs:
  motd: { content: hello }
`;
    const plan = page.getByRole("region", { name: "The plan" });
    const showPlan = async (text: string): Promise<void> => {
      await page.getByLabel("Name of the stack").fill("shop");
      await page.getByLabel(/^Compose file/).fill(text);
      await page.getByRole("button", { name: "Show the plan" }).click();
    };
    await page.goto(url("/stacks"));
    await page.getByRole("link", { name: "Deploy a stack" }).click();
    await showPlan(compose(2).replace("image:", "imago:"));
    await page.getByRole("alert").getByText("line 3: ").waitFor();
    await showPlan(compose(2));
    await plan.getByRole("row", { name: "config shop_motd create" }).waitFor();
    expect(await host.apiOk("GET", "/configs")).toEqual([]);
    await page.getByRole("button", { name: "Deploy: 3 changes" }).click();
    await page.getByRole("row", { name: /shop_app 2\/2/ }).waitFor();
    await page.goto(url("/deploy"));
    await showPlan(compose(3));
    await plan.getByRole("row", { name: "service shop_app change 2 replicas → 3 replicas" }).waitFor();
    await page.getByRole("button", { name: "Deploy: 1 change" }).click();
    await page.getByRole("row", { name: /shop_app 3\/3/ }).waitFor();
    await page.getByRole("status").getByRole("link", { name: "shop", exact: true }).click();
    await page.getByRole("button", { name: "Remove" }).click();
    await confirm("Remove");
    await page.getByRole("heading", { name: "Stacks", level: 1 }).waitFor();
    await expect.poll(async () => (await host.apiOk("GET", "/configs")) as unknown[]).toEqual([]);
  });

  it("changes labels, and shows who is on a network", async () => {
    const { ID } = (await host.apiOk("GET", "/services/web")) as { ID: string };
    await page.goto(url(`/services/${ID}`));
    await page.getByRole("button", { name: "Labels" }).click();
    await page.getByLabel("One KEY=VALUE a line").fill("tier=front\nnote=a=b");
    await confirm("Change");
    const labels = async (): Promise<unknown> =>
      ((await host.apiOk("GET", "/services/web")) as { Spec: { Labels: object } }).Spec.Labels;
    await expect.poll(labels).toEqual({ tier: "front", note: "a=b" });
    await host.dockerOk("network", "create", "-d", "overlay", "--subnet", "10.90.0.0/28", "back");
    await host.dockerOk("service", "create", "-q", "--name", "near", "--network", "back", "shoal/sleep");
    await page.getByRole("navigation").getByRole("link", { name: "Networks" }).click();
    await page.getByRole("row", { name: /^back overlay 10\.90\.0\.0\/28 .* of 14 near$/ }).waitFor();
    await page.getByRole("link", { name: "back" }).click();
    await page.getByRole("row", { name: /near\.1 a task/ }).waitFor();
    await page.getByRole("row", { name: /near virtual address: reaches all its tasks/ }).waitFor();
    await host.dockerOk("service", "rm", "near");
  });

  it("can be used by everyone on a phone, in the light and in the dark", async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
    const small = await opened(context, { Name: "axe" });
    const found: string[] = [];
    const isFine = async () => found.push(...(await phoneProblems(small)));
    const idOf = async (path: string): Promise<string> => ((await host.apiOk("GET", path)) as { ID: string }).ID;
    const { Id: network } = (await host.apiOk("GET", "/networks/back")) as { Id: string };
    const single = [
      `/services/${await idOf("/services/web")}`,
      `/nodes/${await idOf(`/nodes/${host.options.hostname}`)}`,
    ];
    for (const path of [...views, ...single, `/networks/${network}`, "/services/none", "/none"]) {
      await small.goto(url(path));
      await small.getByRole("heading", { level: 1 }).waitFor();
      await isFine();
    }
    await small.goto(url("/deploy"));
    await small.getByLabel("Name of the stack").fill("shop");
    await small.getByLabel(/^Compose file/).fill("services: { app: { imago: shoal/sleep } }");
    await small.getByRole("button", { name: "Show the plan" }).click();
    await small.getByRole("alert").waitFor();
    await isFine();
    await small.getByLabel(/^Compose file/).fill("services: { app: { image: shoal/sleep, build: . } }");
    await small.getByRole("button", { name: "Show the plan" }).click();
    await small.getByRole("heading", { name: "The plan" }).waitFor();
    await isFine();
    await small.goto(url(single[0]!));
    await small.getByRole("button", { name: "Environment" }).click();
    await small.getByRole("dialog").waitFor();
    await isFine();
    await small.getByRole("button", { name: "Cancel" }).click();
    await small.getByRole("button", { name: "Log out" }).click();
    await small.getByLabel("Token").fill("none");
    await small.getByRole("button", { name: "Log in" }).click();
    await small.getByRole("alert").waitFor();
    await isFine();
    await context.close();
    expect(found).toEqual([]);
  });

  it("goes on by itself when the leader is killed, and greys its column", async () => {
    await page.goto(url("/"));
    const name = leader.options.hostname;
    await column(name).waitFor();
    await leader.end("SIGKILL");
    await page.locator(".column.gone", { hasText: name }).waitFor();
    await page.locator(".concern", { hasText: "1 of 3 managers cannot be reached" }).waitFor();
    await expect.poll(() => page.locator(".column:not(.gone) .mark.running").count()).toBe(30);
  });

  it("says so when nothing can be changed any more, and shows what it knew", async () => {
    const other = all.find(each => each !== leader && each !== host)!;
    await other.end("SIGKILL");
    await page.getByRole("navigation").getByRole("link", { name: "Services" }).click();
    await page.getByRole("link", { name: "web" }).click();
    await page.getByRole("button", { name: "Restart" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Restart" }).click();
    await page.getByRole("dialog").getByText("The swarm does not have a leader").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await host.end("SIGKILL");
    await page.getByRole("alert").getByText("This manager's daemon cannot be reached.").waitFor();
    await page.getByText("30 of 30 running").waitFor();
    await host.start();
    await page.getByRole("alert").getByText("The swarm has no quorum").waitFor();
    await other.start();
    // Two at a time, for a moment: of the quorum, and of the page that is not live.
    await eventually("nothing is wrong any more", async () =>
      (await page.getByRole("alert").count()) === 0 ? true : undefined,
    );
  });

  it("had nothing to complain of", () => expect(problems).toEqual([]));
});
