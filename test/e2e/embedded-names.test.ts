import { Resolver } from "node:dns/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { findProgram } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";
import { Swarm } from "../lab/swarm.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "service names on nodes without an engine";
/** How long an answer may take on a machine with much to do, milliseconds; without a limit nobody would learn who kept silent. */
const answerMs = 60_000;
/** Only there a task's C library can be told whom to ask. */
const isRoot = process.getuid?.() === 0;

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  let swarm: Swarm;
  const docker = (...args: readonly string[]) => swarm.manager.dockerOk(...args);
  const create = (name: string, ...args: readonly string[]) =>
    docker("service", "create", "-d", "-q", "--no-resolve-image", "--name", name, ...args);

  beforeAll(async () => {
    swarm = await Swarm.start({ base: 76, workers: 1 });
    for (const network of ["shop", "vault"]) await docker("network", "create", "-d", "overlay", network);
    await create("web", "--network", "shop", "--replicas", "2", "--publish", "18097:18080", "shoal/whoami");
    await runningTasks(swarm.manager, "web", 2);
    for (const node of ["m1", "w1"])
      await eventually(`${node} knows both tasks`, async () =>
        (await find("tasks.web", node)).length === 2 ? true : undefined,
      );
  });

  afterAll(() => swarm?.dispose());

  // A resolver that nobody holds may be collected, and its questions are never answered.
  const resolvers = new Map<string, Resolver>();
  const resolverOf = async (node: string): Promise<Resolver> => {
    const door = await docker("node", "inspect", "-f", '{{index .Description.Engine.Labels "shoal.names"}}', node);
    const resolver = resolvers.get(node) ?? new Resolver({ timeout: 2_000, tries: 1 });
    resolver.setServers([door]);
    resolvers.set(node, resolver);
    return resolver;
  };
  /** What the machine's user finds, asking a node. */
  const find = async (name: string, node: string): Promise<string[]> =>
    (await resolverOf(node)).resolve4(name).catch(() => []);
  const whoIs = async (address: string, port: number): Promise<string> => {
    const url = `http://${address}:${port}/json`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerMs) }).catch((cause: unknown) => {
      throw new Error(`${url} does not answer`, { cause });
    });
    return ((await answer.json()) as { Task: string }).Task;
  };

  it("lead to a service's tasks in turn, by its target port and its published one", async () => {
    for (const node of ["m1", "w1"]) {
      const address = await eventually(`${node} knows web`, async () => (await find("web", node))[0]);
      for (const port of [18080, 18097]) {
        const answers = await Promise.all(Array.from({ length: 6 }, () => whoIs(address, port)));
        expect([...new Set(answers)].sort()).toEqual(["web.1", "web.2"]);
      }
    }
  });

  it("lead to each single task, and follow when there are more", async () => {
    const tasks = async (): Promise<string[]> => {
      const addresses = await find("tasks.web", "m1");
      return (await Promise.all(addresses.map(address => whoIs(address, 18080)))).sort();
    };
    await docker("service", "scale", "-d", "web=3");
    const all = await eventually("names lead to three tasks that answer", async () => {
      const found = await tasks().catch(() => []);
      return found.length === 3 ? found : undefined;
    });
    expect(all).toEqual(["web.1", "web.2", "web.3"]);
    const [third = ""] = await find("web.3", "m1");
    expect(await whoIs(third, 18080)).toBe("web.3");
  });

  it.skipIf(!isRoot)("are a task's as well, for the services of its networks", async () => {
    const script = 'while sleep 0.2; do echo "$SHOAL_SERVICE_NAME finds [$(getent ahostsv4 web | wc -l)]"; done';
    for (const network of ["shop", "vault"])
      await create(`of-${network}`, "--network", network, "--stop-signal", "KILL", "shoal/job", "sh", "-c", script);
    const said = (network: string, form: RegExp) =>
      eventually(`of-${network} says ${form}`, async () => {
        const lines = await docker("service", "logs", "--raw", "--tail", "3", `of-${network}`);
        return form.test(lines) ? true : undefined;
      });
    await said("shop", /of-shop finds \[[1-9]/);
    await said("vault", /of-vault finds \[0\]/);
  });
});
