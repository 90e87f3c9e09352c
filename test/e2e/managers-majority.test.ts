import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import { join, leaderAndOthers, Managers, nodeLines, ownAddress, showsManagers } from "../lab/managers.ts";
import { findProgram } from "../lab/requirements.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const titled = (title: string): string => (reason ? `${title} (skipped: ${reason})` : title);

const noLeader = "The swarm does not have a leader. It's possible that too few managers are online.";
/** What the daemon allows itself, and as much again for a busy machine and the CLI. */
const refusalLimitMs = 10_000;

interface Task {
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly PID: number } };
}

async function runningPids(asked: Daemon): Promise<number[]> {
  const tasks = (await asked.apiOk("GET", "/tasks")) as Task[];
  const running = tasks.filter(({ Status }) => Status.State === "running");
  return running.map(({ Status }) => Status.ContainerStatus?.PID ?? 0).sort();
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What the CLI says to a write that cannot be made. */
async function refusal(asked: Daemon): Promise<string> {
  const began = performance.now();
  const { code, stderr } = await asked.docker("service", "create", "-q", "-d", "--name", "late", "shoal/sleep");
  expect(code).toBe(1);
  expect(performance.now() - began).toBeLessThan(refusalLimitMs);
  return stderr;
}

describe.skipIf(reason)(titled("managers that lost their majority"), () => {
  const managers = new Managers("127.0.36");
  let all: Daemon[];
  let survivor: Daemon;
  let gone: Daemon[];
  let pids: number[];
  let token: string;

  beforeAll(async () => {
    all = await managers.swarm(3);
    await all[0]!.dockerOk("service", "create", "-q", "--name", "web", "--replicas", "6", "shoal/sleep");
    const { leader, others } = await leaderAndOthers(all);
    pids = await runningPids(leader);
    token = await leader.dockerOk("swarm", "join-token", "-q", "manager");
    [survivor, ...gone] = [others[0]!, leader, others[1]!];
  });
  afterAll(() => managers.dispose());

  const joining = async (late: Daemon) =>
    late.docker("swarm", "join", ...ownAddress(late), "--token", token, `${survivor.options.address}:2377`);
  const kill = () => Promise.all(gone.map(daemon => daemon.end("SIGKILL")));

  it("refuse writes, say why, and let tasks run on", async () => {
    expect(pids).toHaveLength(6);
    await kill();
    expect(await refusal(survivor)).toContain(noLeader);
    expect((await survivor.docker("node", "ls")).stderr).toContain(noLeader);
    expect((await survivor.docker("swarm", "leave")).stderr).toContain("Use `--force` to suppress this message.");
    expect(await survivor.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}} {{.Swarm.Error}}")).toMatch(
      new RegExp(`^active rpc error: .*${noLeader}`),
    );
    expect(pids.filter(isAlive)).toEqual(pids);
  });

  it("let nobody join", async () => {
    const late = await managers.start(4);
    const { stderr } = await joining(late);
    expect(stderr).toContain("Timeout was reached before node joined.");
    expect(await late.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}} {{.Swarm.Error}}")).toMatch(/^pending ./);
    await late.dockerOk("swarm", "leave", "--force");
    expect(await late.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}}")).toBe("inactive");
  });

  it("go on when one comes back", async () => {
    await gone[0]!.start();
    await eventually("somebody leads", async () =>
      (await survivor.docker("service", "ls")).code === 0 ? true : undefined,
    );
    await gone[0]!.dockerOk("service", "update", "-q", "--label-add", "a=b", "web");
    expect(await runningPids(survivor)).toEqual(pids);
    await gone[1]!.start();
    const reachable = async () =>
      (await nodeLines(gone[1]!)).filter(({ manager }) => manager === "Leader" || manager === "Reachable");
    await eventually("all are there", async () => ((await reachable()).length === 3 ? true : undefined));
  });

  it("are begun anew from one, also after it was started again, with all that it had", async () => {
    await kill();
    await survivor.end();
    await survivor.start();
    expect(await survivor.dockerOk("info", "--format", "{{.Swarm.LocalNodeState}}")).toBe("active");
    expect(await refusal(survivor)).toContain(noLeader);
    const said = await survivor.dockerOk("swarm", "init", "--force-new-cluster");
    expect(said).toContain("is now a manager");
    expect(await survivor.dockerOk("service", "inspect", "--format", "{{.Spec.Labels.a}}", "web")).toBe("b");
    const { hostname } = survivor.options;
    await eventually("the others are down", async () => {
      const others = (await nodeLines(survivor)).filter(({ name }) => name !== hostname);
      return others.every(({ status, manager }) => status === "Down" && manager === "") ? true : undefined;
    });
    await survivor.dockerOk("service", "update", "-q", "--replicas", "3", "web");
    await eventually("three run here", async () => {
      const here = await survivor.dockerOk("node", "ps", "--format", "{{.CurrentState}}", hostname);
      return here.match(/^Running/gm)?.length === 3 ? true : undefined;
    });
  });

  it("tell a former member so, which comes back by promotion", async () => {
    const former = gone[0]!;
    await former.start();
    const why = await eventually("it is told", async () => {
      const error = await former.dockerOk("info", "--format", "{{.Swarm.Error}}");
      return error.includes("removed from the quorum") ? error : undefined;
    });
    expect(why).toContain("demote and promote this node on another manager");
    const { hostname } = former.options;
    await eventually("it works all the same", async () =>
      (await nodeLines(survivor)).some(({ name, status }) => name === hostname && status === "Ready")
        ? true
        : undefined,
    );
    await survivor.dockerOk("node", "demote", hostname);
    await eventually("it is a worker", async () =>
      (await former.dockerOk("info", "--format", "{{.Swarm.Error}}")) === "" ? true : undefined,
    );
    await survivor.dockerOk("node", "promote", hostname);
    await eventually("it serves", async () => ((await former.docker("service", "ls")).code === 0 ? true : undefined));
    expect(await former.dockerOk("service", "ls", "--format", "{{.Name}}")).toBe("web");
  });

  it("let another former member leave and join anew", async () => {
    const former = gone[1]!;
    await former.start();
    await former.dockerOk("swarm", "leave", "--force");
    expect(await join(former, survivor, "manager")).toBe("This node joined a swarm as a manager.");
    const reachable = async () => (await nodeLines(former)).filter(({ manager }) => manager !== "");
    await eventually("three are reachable", async () => ((await reachable()).length === 3 ? true : undefined));
  });
});

describe.skipIf(reason)(titled("a manager without a swarm to itself"), () => {
  const managers = new Managers("127.0.37");
  afterAll(() => managers.dispose());

  it("finds any of the managers after a restart, though it joined by another", async () => {
    const [first, second, third] = (await managers.swarm(3)) as [Daemon, Daemon, Daemon];
    const worker = await managers.start(4);
    await join(worker, first, "worker");
    await showsManagers(second, { n1: "Leader", n2: "Reachable", n3: "Reachable", n4: "" });
    await worker.end();
    await third.end();
    await first.end("SIGKILL");
    await worker.start();
    await third.start();
    await eventually("the worker is led", async () => {
      const lines = await nodeLines(third).catch(() => []);
      return lines.some(({ name, status }) => name === "n4" && status === "Ready") ? true : undefined;
    });
    await eventually("the worker knows it", async () =>
      (await worker.dockerOk("info", "--format", "{{.Swarm.Error}}")) === "" ? true : undefined,
    );
  });
});
