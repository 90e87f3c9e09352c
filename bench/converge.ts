import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../test/lab/command.ts";
import { Daemon } from "../test/lab/daemon.ts";
import { type Dockerd, startDockerd } from "../test/lab/dockerd.ts";
import { dockerUnavailableReason } from "../test/lab/requirements.ts";
import { median, type Report } from "./lab/report.ts";

const replicas = 50;
/** Rounds that count, after one of each that does not: engine and daemon are warm then, as they are in use. */
const rounds = 5;
/** How often the poller looks, milliseconds, from the answer to the next question. */
const pollPeriodMs = 50;
const convergeTimeoutMs = 120_000;
/** Clock ticks a second in /proc (Linux: always 100 towards programs). */
const ticksPerSecond = 100;

const service = {
  Name: "converge",
  TaskTemplate: { ContainerSpec: { Image: "busybox", Args: ["sleep", "1000000"], StopSignal: "SIGKILL" } },
  Mode: { Replicated: { Replicas: replicas } },
};

interface Contender {
  readonly name: "shoal" | "docker";
  readonly socket: string;
  /** Processes whose CPU time counts. */
  readonly pids: readonly number[];
  begin(): Promise<void>;
  end(): Promise<void>;
}

interface Round {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/**
 * From `POST /services/create` with 50 replicas of busybox until the API reports them all running: Shoal beside a Docker
 * Engine, and the same engine's own swarm mode, in turns.
 */
export async function run(report: Report): Promise<void> {
  const reason = dockerUnavailableReason();
  if (reason) throw new Error(`Cannot start a Docker Engine: ${reason}`);
  const dir = await mkdtemp(join(tmpdir(), "shoal-bench-"));
  let engine: Dockerd | undefined;
  let daemon: Daemon | undefined;
  try {
    engine = await startDockerd({ dir: join(dir, "engine") });
    daemon = new Daemon({
      address: "127.0.0.2",
      hostname: "bench",
      namespace: engine.namespace,
      flags: ["--runtime", "docker", "--engine", `unix://${engine.socket}`, "--log-level", "warn"],
    });
    await daemon.start();
    await measure(report, await shoal(daemon, engine), await docker(engine));
  } finally {
    await daemon?.dispose();
    await engine?.close();
    await rm(dir, { recursive: true, force: true });
  }
}

async function measure(report: Report, ours: Contender, theirs: Contender): Promise<void> {
  const results = { shoal: [] as Round[], docker: [] as Round[] };
  for (let round = 0; round <= rounds; round += 1) {
    // Each goes first in every other round.
    for (const contender of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) {
      const result = await converge(contender);
      if (round > 0) results[contender.name].push(result);
      report(`${contender.name}, round ${round}`, result.seconds, "s", { replicas, warmUp: round === 0 });
    }
  }
  const params = { replicas, rounds };
  const seconds = (name: Contender["name"]) => median(results[name].map(round => round.seconds));
  for (const name of ["shoal", "docker"] as const) {
    report(`${name}, all running`, seconds(name), "s", params);
    report(`${name}, CPU of the daemons`, median(results[name].map(round => round.cpuSeconds)), "s", params);
  }
  report("time, shoal to docker", seconds("shoal") / seconds("docker"), "ratio", params);
}

async function shoal(daemon: Daemon, engine: Dockerd): Promise<Contender> {
  const { address } = daemon.options;
  await daemon.apiOk("POST", "/swarm/init", { ListenAddr: address, AdvertiseAddr: address });
  return {
    name: "shoal",
    socket: daemon.socket,
    pids: [daemon.pid, ...(await engineProcesses(engine))],
    begin: async () => {},
    end: async () => {},
  };
}

async function docker(engine: Dockerd): Promise<Contender> {
  const { socket } = engine;
  const own = { ListenAddr: "127.0.0.1:2377", AdvertiseAddr: "127.0.0.1" };
  return {
    name: "docker",
    socket,
    pids: await engineProcesses(engine),
    begin: async () => {
      await call(socket, "POST", "/swarm/init", own);
      await eventually("the engine's own node is ready", async () => {
        const [node] = (await call(socket, "GET", "/nodes")) as { Status: { State: string } }[];
        return node?.Status.State === "ready" ? true : undefined;
      });
    },
    end: async () => {
      await call(socket, "POST", "/swarm/leave?force=1");
    },
  };
}

async function converge({ socket, pids, begin, end }: Contender): Promise<Round> {
  await begin();
  const cpuBefore = await cpuSeconds(pids);
  const start = performance.now();
  const { ID } = (await call(socket, "POST", "/services/create", service)) as { ID: string };
  const tasks = `/tasks?filters=${JSON.stringify({ service: [ID] })}`;
  for (;;) {
    const found = (await call(socket, "GET", tasks)) as { Status: { State: string } }[];
    if (found.filter(task => task.Status.State === "running").length === replicas) break;
    if (performance.now() - start > convergeTimeoutMs) throw new Error(`not all running in ${convergeTimeoutMs} ms`);
    await new Promise(resolve => setTimeout(resolve, pollPeriodMs));
  }
  const seconds = (performance.now() - start) / 1000;
  const used = (await cpuSeconds(pids)) - cpuBefore;
  await call(socket, "DELETE", `/services/${ID}`);
  const gone = async () => ((await call(socket, "GET", "/containers/json?all=1")) as []).length === 0 || undefined;
  await eventually("all containers are gone", gone, convergeTimeoutMs);
  await end();
  return { seconds, cpuSeconds: used };
}

/** The engine and its containerd; a container's shim belongs to neither. */
async function engineProcesses({ pid }: Dockerd): Promise<number[]> {
  const children = (await readdir(`/proc/${pid}/task`)).map(async thread =>
    (await readFile(`/proc/${pid}/task/${thread}/children`, "utf8")).split(" ").filter(Boolean).map(Number),
  );
  const daemons: number[] = [];
  for (const child of (await Promise.all(children)).flat())
    if ((await readFile(`/proc/${child}/comm`, "utf8").catch(() => "")).trim() === "containerd") daemons.push(child);
  return [pid, ...daemons];
}

/** CPU time that processes, with their ended children, have used. */
async function cpuSeconds(pids: readonly number[]): Promise<number> {
  const each = pids.map(async pid => {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const [user, system, childUser, childSystem] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 15);
    return (Number(user) + Number(system) + Number(childUser) + Number(childSystem)) / ticksPerSecond;
  });
  return (await Promise.all(each)).reduce((sum, one) => sum + one, 0);
}

/** One request over a unix socket, which must succeed; the JSON it answers with. */
function call(socketPath: string, method: string, path: string, body?: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    const outgoing = request({ socketPath, method, path, headers }, response => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("error", reject);
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        if (status >= 400) reject(new Error(`${method} ${path}: ${status} ${text.trim()}`));
        else resolve(text.trim() === "" || status === 204 ? undefined : JSON.parse(text));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
