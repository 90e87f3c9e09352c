// npm run screenshots: starts a swarm with something of everything in it and takes the pictures of docs/dashboard.md.
// Needs Debian's chromium. Takes about five minutes.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build, installPackages, root } from "./install.mjs";

installPackages();
build();
const { register } = await import("tsx/esm/api");
register();
const { Managers, init, join: joinSwarm } = await import("../test/lab/managers.ts");
const { startBrowser } = await import("../test/lab/browser.ts");
const { runningTasks } = await import("../test/lab/services.ts");
const { eventually } = await import("../test/lab/command.ts");

const network = "127.0.91";
const port = 9377;
const pictures = join(root, "docs", "dashboard");
const size = { width: 1360, height: 860 };
const phone = { width: 390, height: 844 };

/** Now more, now less to do, and a line about it. */
const labour =
  'while :; do n=$(( $(date +%s) / 20 % 3 * 15000 + 9000 )); while [ $n -gt 0 ]; do n=$((n-1)); done; echo "order packed at $(date +%T)"; sleep 0.6; done';
/** So long there is to be something to see in the charts before an update begins, milliseconds. */
const measuringMs = 150_000;
const updatingMs = 30_000;
const stackLabel = ["--label", "com.docker.stack.namespace=shop"];
const apiParts = ["--network", "shop_back", "--secret", "shop_key", "--config", "shop_settings", "-e", "MODE=live"];

/** `docker service create` of what there is to see: what runs, what fails, what waits, what ends. */
const services = [
  ["--name", "shop_web", "--replicas", "9", "-p", "8091:80", "--reserve-memory", "64M", "shoal/whoami"],
  ["--name", "shop_api", "--replicas", "6", "--reserve-cpu", "0.1", ...apiParts, "shoal/sleep"],
  ["--name", "shop_search", "--replicas", "2", "--constraint", "node.labels.disk==ssd", "shoal/sleep"],
  ["--name", "monitor", "--mode", "global", "shoal/sleep"],
  ["--name", "ticker", "shoal/job", "sh", "-c", 'while :; do echo "tick at $(date +%T)"; sleep 1; done'],
  [
    ...["--name", "shop_worker", "--replicas", "5", "--reserve-cpu", "0.2", "--reserve-memory", "16M"],
    ...["--update-delay", "12s", "--stop-grace-period", "1s", "shoal/job", "sh", "-c", labour],
  ],
  [
    "--name",
    "importer",
    "--restart-delay",
    "1s",
    "shoal/job",
    "sh",
    "-c",
    "echo cannot reach the database >&2; exit 3",
  ],
];
/** Pages that go on below what a window shows. */
const long = { service: true, node: true };
const views = {
  ...{ overview: "/", services: "/services", stacks: "/stacks", stack: "/stacks/shop", nodes: "/nodes" },
  ...{ networks: "/networks", data: "/data", events: "/events", deploy: "/deploy" },
};
/** Pages of which there is a picture on a phone as well. */
const small = new Set(["overview", "service"]);
/** A Compose file of which the plan is shown. */
const compose = `services:
  api:
    image: shoal/sleep
    deploy: { replicas: 8 }
  cache:
    image: shoal/sleep
    configs: [settings]
configs:
  settings:
    content: "size: 64"
    name: shop_cache_settings
`;

const managers = new Managers(network, address => ["--dashboard-addr", `${address}:${port}`]);
let browser;
try {
  const nodes = await Promise.all([1, 2, 3, 4, 5].map(at => managers.start(at)));
  const [first, ...others] = nodes;
  await init(first);
  for (const [at, node] of others.entries()) await joinSwarm(node, first, at < 2 ? "manager" : "worker");
  await first.dockerOk("network", "create", "-d", "overlay", "--subnet", "10.40.0.0/24", ...stackLabel, "shop_back");
  await first.dockerWith("key", "secret", "create", ...stackLabel, "shop_key", "-");
  await first.dockerWith("mode: live", "config", "create", ...stackLabel, "shop_settings", "-");
  for (const flags of services) await first.dockerOk("service", "create", "-q", "-d", ...stackLabel, ...flags);
  await runningTasks(first, "shop_web", 9);
  await eventually("the importer has failed a few times", async () => {
    const tasks = await first.apiOk("GET", `/tasks?filters=${JSON.stringify({ service: ["importer"] })}`);
    return tasks.filter(({ Status }) => Status.State === "failed").length > 3 || undefined;
  });
  await sleep(measuringMs);
  await first.dockerOk("service", "update", "-q", "-d", "--force", "shop_worker");
  await sleep(updatingMs);
  const { Token } = await first.apiOk("POST", "/shoal/dashboard/tokens", { Name: "grace" });
  const idOf = async path => (await first.apiOk("GET", path)).ID;
  const paths = {
    ...views,
    service: `/services/${await idOf("/services/shop_worker")}`,
    network: `/networks/${(await first.apiOk("GET", "/networks/shop_back")).Id}`,
    node: `/nodes/${(await first.apiOk("GET", "/nodes"))[0].ID}`,
  };
  mkdirSync(pictures, { recursive: true });
  browser = await startBrowser();
  const pages = [];
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport: size, colorScheme });
    pages.push({ page, colorScheme });
    await page.goto(`http://${network}.1:${port}/#token=${Token}`);
    await page.getByRole("heading", { name: "Where tasks run" }).waitFor();
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(`http://${network}.1:${port}${path}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      if (name === "deploy") await showPlan(page);
      // What comes in by itself: log lines, events.
      await page.waitForTimeout(2_000);
      await take(page, size, `${name}-${colorScheme}`, name in long);
      if (small.has(name)) await take(page, phone, `${name}-phone-${colorScheme}`, true);
    }
  }
  await Promise.all(nodes.slice(1, 3).map(node => node.end("SIGKILL")));
  for (const { page, colorScheme } of pages) {
    await page.goto(`http://${network}.1:${port}/`);
    await page.getByText("The swarm has no quorum").waitFor();
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(pictures, `no-quorum-${colorScheme}.png`) });
  }
} finally {
  await browser?.close();
  await managers.dispose();
}

/** A picture of the window, or of all that is on the page. */
async function take(page, window, name, isWhole) {
  await page.setViewportSize(window);
  const height = isWhole ? await page.evaluate("document.documentElement.scrollHeight") : window.height;
  await page.setViewportSize({ ...window, height });
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(pictures, `${name}.png`) });
  await page.setViewportSize(size);
}

/** What deploying would do; it is not done. */
async function showPlan(page) {
  await page.getByLabel("Name of the stack").fill("shop");
  await page.getByLabel("Compose file").fill(compose);
  await page.getByRole("button", { name: "Show the plan" }).click();
  await page.getByRole("heading", { name: "The plan" }).waitFor();
}
