import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { shoal, shoalOk } from "../lab/shoal.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures/stack");

interface Service {
  readonly Version: { readonly Index: number };
  readonly Spec: { readonly Name: string; readonly Labels: Record<string, string> };
  readonly Endpoint?: { readonly Spec?: object };
}

/** A web application as people write it: what is needed first, then what needs it, all within this node. */
const shop = (init = "exit 0"): string => `name: shop
services:
  db:
    image: shoal/sleep
    healthcheck: {test: "true", interval: 300ms}
    networks: [host]
    deploy: {update_config: &quick {monitor: 200ms}}
  init:
    image: shoal/job
    command: sh -c "${init}"
    networks: [host]
    configs: [motd]
    depends_on: {db: {condition: service_healthy}}
    deploy: {restart_policy: {condition: none}, update_config: *quick}
  web:
    image: shoal/sleep
    environment: {GREETING: "\${GREETING:-hello}"}
    networks: [host]
    secrets: [token]
    depends_on: {init: {condition: service_completed_successfully}}
    deploy: {replicas: 2, update_config: *quick}
networks: {host: {external: true}}
configs: {motd: {content: "hi \${WHO}\\n"}}
secrets: {token: {environment: TOKEN}}
`;

describe("shoal stack", () => {
  const daemon = new Daemon({ address: "127.0.74.1", hostname: "m", flags: ["--runtime", "embedded"] });
  const file = join(daemon.directory, "shop/compose.yaml");
  const env = { TOKEN: "secret", WHO: "you" };
  const deploy = (...args: string[]) => ["stack", "deploy", "-c", file, ...args];
  const services = async (stack: string): Promise<Service[]> => {
    const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.stack.namespace=${stack}`] }));
    const found = (await daemon.apiOk("GET", `/services?filters=${filters}`)) as Service[];
    return found.sort((a, b) => (a.Spec.Name < b.Spec.Name ? -1 : 1));
  };
  const versions = async (stack: string) => {
    const files = await Promise.all(["/secrets", "/configs"].map(path => daemon.apiOk("GET", path)));
    return [...(await services(stack)), ...(files.flat() as Service[])].map(({ Version }) => Version.Index);
  };

  beforeAll(async () => {
    await daemon.start();
    const at = { ListenAddr: "127.0.74.1", AdvertiseAddr: "127.0.74.1" };
    await daemon.apiOk("POST", "/swarm/init", { ...at, Spec: {} });
    mkdirSync(join(daemon.directory, "shop"));
    writeFileSync(file, shop());
  });
  afterAll(() => daemon.dispose());

  it("brings a stack up in the order of its dependencies, and says when it is", async () => {
    const told = (await shoalOk(daemon, deploy(), { env })).split("\n");
    expect(told.slice(0, 5)).toEqual([
      "Creating secret shop_token",
      "Creating config shop_motd",
      "Creating service shop_db",
      "Creating service shop_init",
      "Creating service shop_web",
    ]);
    const done = ["shop_db: 1 of 1 running", "shop_init: 1 of 1 running", "shop_web: 2 of 2 running"];
    const at = done.map(line => told.indexOf(line));
    expect([at.includes(-1), at]).toEqual([false, [...at].sort((a, b) => a - b)]);
    expect(await daemon.dockerOk("stack", "ls", "--format", "{{.Name}} {{.Services}}")).toBe("shop 3");
    expect(await shoalOk(daemon, ["stack", "services", "shop", "--format", "{{.Name}} {{.Image}}"])).toBe(
      "shop_db shoal/sleep:latest\nshop_init shoal/job:latest\nshop_web shoal/sleep:latest",
    );
    expect(await shoalOk(daemon, ["status"])).toContain("Nothing is wrong.");
  });

  it("changes only what is different, prunes what is gone", async () => {
    const before = await versions("shop");
    await shoalOk(daemon, deploy("--detach"), { env });
    expect(await versions("shop")).toEqual(before);
    const told = await shoalOk(daemon, deploy(), { env: { ...env, GREETING: "moin" } });
    expect(told).toMatch(/^Updating service shop_web \(id: \w+\)$/m);
    expect(told).not.toContain("Updating service shop_db");
    writeFileSync(
      file,
      "name: shop\nservices: {db: {image: shoal/sleep, networks: [host]}}\nnetworks: {host: {external: true}}",
    );
    await shoalOk(daemon, deploy("--prune", "--detach"));
    expect((await services("shop")).map(({ Spec }) => Spec.Name)).toEqual(["shop_db"]);
    writeFileSync(file, shop());
    const other = await shoal(daemon, deploy("--detach"), { env: { ...env, WHO: "they" } });
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringMatching(/^error: failed to update config shop_motd: .*only updates to Labels are allowed$/m),
    ]);
    const guessed = await shoal(daemon, deploy("--detach"), { env: { ...env, TOKEN: "another" } });
    expect([guessed.code, guessed.stderr]).toEqual([
      1,
      expect.stringContaining("failed to update secret shop_token: "),
    ]);
  });

  it("takes away all of a stack", async () => {
    await shoalOk(daemon, ["stack", "rm", "shop"]);
    for (const kind of ["services", "secrets", "configs"]) expect(await daemon.apiOk("GET", `/${kind}`)).toEqual([]);
    expect((await shoal(daemon, ["stack", "ps", "shop"])).stderr).toContain("nothing found in stack: shop");
  });

  it("fails with the service and the task's reason", async () => {
    writeFileSync(file, shop("exit 3"));
    const failed = await shoal(daemon, deploy("broken"), { env });
    expect([failed.code, failed.stderr]).toEqual([
      1,
      expect.stringMatching(/^error: broken_init: a task failed once: .*non-zero exit \(3\)/m),
    ]);
    const late = await shoal(daemon, ["stack", "deploy", "-c", "-", "--timeout", "1s", "never"], {
      input:
        "services: {a: {image: shoal/sleep, networks: [host], deploy: {placement: {constraints: [node.labels.x==y]}}}}\nnetworks: {host: {external: true}}",
    });
    expect([late.code, late.stderr]).toEqual([
      1,
      expect.stringMatching(/not up after 1 s:\n {2}never_a: 0 of 1 running \(no suitable node/),
    ]);
    const status = await shoal(daemon, ["status"]);
    expect([status.code, status.stdout]).toEqual([
      1,
      expect.stringMatching(
        /✗ service never_a: 1 task waits: no suitable node[^\n]*\n {2}→ .*shoal node update --label-add/,
      ),
    ]);
    await shoalOk(daemon, ["stack", "rm", "--detach", "broken", "never"]);
  });

  it("says what the task of a paused update died of, goes on with that update when it is deployed again, and leaves others alone", async () => {
    const stack = ["stack", "deploy", "-c", "-", "halted"];
    const deploy = { update_config: { monitor: "2s" }, restart_policy: { delay: "50ms" } };
    const input = (command: string, more = {}) =>
      JSON.stringify({
        services: {
          a: { image: "shoal/job", command, networks: ["host"], deploy },
          ...more,
        },
        networks: { host: { external: true } },
      });
    const idle = { image: "shoal/sleep", networks: ["host"] };
    await shoalOk(daemon, stack, { input: input("sleep 600", { other: idle }) });
    for (const _ of ["the first time", "once more"]) {
      const failed = await shoal(daemon, stack, { input: input("false") });
      expect([failed.code, failed.stdout, failed.stderr]).toEqual([
        1,
        expect.stringContaining("Updating service halted_a"),
        // The longer it takes to get here, the more crashes there were; from the eleventh on the task says so.
        expect.stringMatching(/^error: halted_a: .*: task: non-zero exit \(1\)( \(failed \d+ times in a row, .*\))?$/m),
      ]);
      expect(failed.stderr).toContain("Service halted_other of the stack is not in what is deployed");
      expect(failed.stdout).not.toContain("halted_other:");
    }
    await shoalOk(daemon, ["stack", "rm", "--detach", "halted"]);
  });

  it("makes of a stack file what docker's CLI makes of it, and takes over its stacks", async () => {
    const directory = join(daemon.directory, "rich");
    cpSync(fixtures, directory, { recursive: true });
    const stack = join(directory, "stack.yml");
    await daemon.dockerOk("network", "create", "-d", "overlay", "ext1");
    for (const kind of ["secret", "config"])
      await daemon.dockerWith("x", kind, "create", kind === "secret" ? "s2" : "outer", "-");
    await daemon.dockerOk("stack", "deploy", "--detach", "-c", stack, "st");
    // The leader gives them their addresses a moment later, which is a change of theirs too.
    const docker = await eventually("all services have their endpoints", async () => {
      const made = await services("st");
      return made.every(({ Endpoint }) => Endpoint?.Spec) ? made : undefined;
    });
    const flags = ["stack", "deploy", "--detach", "-c", stack, "st"];
    await shoalOk(daemon, flags);
    const changed = docker.filter(({ Spec }) => Spec.Name === "st_plain");
    const after = await services("st");
    // The one that depends on another is told so; nothing else is touched.
    expect(
      after.filter((one, at) => one.Version.Index !== docker[at]?.Version.Index).map(({ Spec }) => Spec.Name),
    ).toEqual(changed.map(({ Spec }) => Spec.Name));
    await shoalOk(daemon, ["stack", "rm", "st"]);
    await eventually("the network can be made again", async () =>
      (await shoal(daemon, flags)).code === 0 ? true : undefined,
    );
    const ours = await services("st");
    expect(ours.map(comparable)).toEqual(docker.map(comparable));
    await shoalOk(daemon, ["stack", "rm", "--detach", "st"]);
  });
});

/** What is the same for the same file: ids of networks, secrets and configs are not, nor is the label about dependencies. */
function comparable({ Spec }: Service): object {
  const { "shoal.depends-on": _, ...Labels } = Spec.Labels;
  return JSON.parse(
    JSON.stringify({ ...Spec, Labels }, (key, value: unknown) =>
      ["SecretID", "ConfigID", "Target", "Config"].includes(key) && /^[0-9a-z]{25}$/.test(String(value)) ? "ID" : value,
    ),
  ) as object;
}
