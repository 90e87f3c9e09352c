import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { findProgram } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";
import { Swarm } from "../lab/swarm.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const titled = (title: string): string => (reason ? `${title} (skipped: ${reason})` : title);
const port = 8092;
/** Requests at a time that go on while the service is changed, and milliseconds between two of each. */
const callers = 4;
const betweenMs = 10;

/** Who answers at a node's published port. Rejects when nobody does. */
function ask(node: Daemon): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: node.options.address, port, path: "/json", agent: false, timeout: 10_000 };
    const call = request(options, response => {
      let text = "";
      response.on("data", chunk => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => resolve((JSON.parse(text) as { Task: string }).Task));
    });
    call.on("timeout", () => call.destroy(new Error("no answer")));
    call.on("error", reject);
    call.end();
  });
}

/** Calls all nodes again and again; ended, it tells who answered and what failed. */
function calling(nodes: readonly Daemon[]) {
  const answered = new Map<string, number>();
  const failures: string[] = [];
  let over = false;
  const one = async (at: number): Promise<void> => {
    for (let call = at; !over; call++) {
      const node = nodes[call % nodes.length]!;
      await ask(node)
        .then(task => answered.set(task, (answered.get(task) ?? 0) + 1))
        .catch(error => failures.push(`${node.options.hostname}: ${error}`));
      await new Promise(resolve => setTimeout(resolve, betweenMs));
    }
  };
  const all = Promise.all(Array.from({ length: callers }, (_, at) => one(at)));
  return async () => {
    over = true;
    await all;
    return { answered, failures };
  };
}

describe.skipIf(reason)(titled("a port published on embedded nodes"), () => {
  let swarm: Swarm;
  const docker = (...args: string[]) => swarm.manager.dockerOk(...args);
  const servedBy = (node: Daemon, count: number) =>
    eventually(`${node.options.hostname} reaches ${count} tasks`, async () => {
      const found = new Set<string>();
      for (let call = 0; call < 2 * count; call++) found.add(await ask(node).catch(() => ""));
      return (found.size === count && !found.has("")) || undefined;
    });

  beforeAll(async () => {
    swarm = await Swarm.start({ base: 92, workers: 2 });
    // Without a check a task counts as ready before its program listens.
    const check = ["--health-cmd", "bash -c ': </dev/tcp/127.0.0.1/$PORT'", "--health-interval", "500ms"];
    const web = ["--name", "web", "--publish", `${port}:80`, "--update-order", "start-first", ...check, "shoal/whoami"];
    await docker("service", "create", "-q", "--replicas", "2", "--constraint", "node.role==worker", ...web);
  });
  afterAll(() => swarm.dispose());

  it("is answered on every node, also on one without a task, by all of them", async () => {
    for (const node of swarm.all) await servedBy(node, 2);
  });

  it("is not shown as a port of the tasks' own", async () => {
    const [task] = await runningTasks(swarm.manager, "web", 2);
    expect(task?.Status).toMatchObject({ PortStatus: {} });
    expect(await docker("service", "ls", "--format", "{{.Ports}}")).toBe(`*:${port}->80/tcp`);
  });

  it("loses no call while the service is scaled and updated and a node is drained", async () => {
    const end = calling(swarm.all);
    await docker("service", "scale", "web=6");
    await docker("service", "update", "-q", "--env-add", "A=1", "--update-parallelism", "2", "web");
    await docker("node", "update", "--availability", "drain", "w1");
    await eventually(
      "w1 is empty",
      async () => (await docker("node", "ps", "-q", "-f", "desired-state=running", "w1")) === "" || undefined,
    );
    await docker("service", "scale", "web=2");
    const { answered, failures } = await end();
    expect(failures).toEqual([]);
    expect(answered.size).toBe(6);
  });

  it("goes on when a manager is gone, and follows what happens when it is back", async () => {
    const [, worker] = swarm.workers;
    await swarm.manager.end("SIGKILL");
    await servedBy(worker!, 2);
    await swarm.manager.start();
    await docker("service", "scale", "web=3");
    for (const node of swarm.all) await servedBy(node, 3);
    await docker("service", "rm", "web");
    await eventually(
      "nobody answers any more",
      async () => (await ask(worker!).catch(String)).includes("ECONNREFUSED") || undefined,
    );
  });
});
