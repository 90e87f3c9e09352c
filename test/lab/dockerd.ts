import { mkdir, readdir, rm, rmdir } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { eventually } from "./command.ts";
import { importBusybox } from "./image.ts";
import { type HostProcess, Namespace } from "./namespace.ts";

/** How long an engine may take to answer its first ping, in milliseconds. */
const startTimeoutMs = 30_000;

export interface DockerdOptions {
  /** For its data, socket and log; short, because of the length limit of socket paths. Made, and removed by `close`. */
  readonly dir: string;
  /** The host to run in; without one, in a host of its own, which ends with it. */
  readonly namespace?: Namespace;
  /** More arguments for dockerd. */
  readonly args?: readonly string[];
  /** Whether to make the image `busybox:latest`; yes by default. */
  readonly busybox?: boolean;
}

/** A Docker Engine of our own, apart from any the machine may have. */
export class Dockerd {
  /** Path of its unix socket, reachable from inside and outside of its host. */
  readonly socket: string;
  readonly namespace: Namespace;
  readonly #options: DockerdOptions;
  readonly #cgroup: string;
  #process: HostProcess | undefined;

  constructor(options: DockerdOptions, namespace: Namespace) {
    this.#options = options;
    this.namespace = namespace;
    this.socket = join(options.dir, "docker.sock");
    this.#cgroup = `shoal-lab-${process.pid}-${namespace.pid}`;
  }

  get pid(): number {
    return this.#process?.running ? this.#process.pid : 0;
  }

  /** Starts it (again), and waits until it answers. */
  async start(): Promise<void> {
    const argv = [
      ...["dockerd", "--data-root", join(this.#options.dir, "data"), "--exec-root", "/run/docker"],
      ...["-p", "/run/docker.pid", "-H", `unix://${this.socket}`, "--cgroup-parent", `/${this.#cgroup}`],
      ...["--exec-opt", "native.cgroupdriver=cgroupfs", ...(this.#options.args ?? [])],
    ];
    await rm(this.socket, { force: true });
    await this.namespace.run(["rm", "-f", "/run/docker.pid"]);
    const daemon = await this.namespace.spawn(argv, join(this.#options.dir, "dockerd.log"));
    this.#process = daemon;
    await eventually(
      "dockerd to answer",
      () => {
        if (!daemon.running) throw new Error(`dockerd ended: ${daemon.logTail()}`);
        return answersPing(this.socket);
      },
      startTimeoutMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${daemon.logTail()}`);
    });
  }

  /**
   * Ends the engine. SIGKILL leaves its containers running (their shims live on) until it starts again, which kills
   * them unless it was given `--live-restore`; SIGTERM stops them.
   */
  async end(signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): Promise<void> {
    await this.#process?.end(signal);
  }

  /** Ends the engine with its containers and removes all it left. */
  async close(): Promise<void> {
    if (this.#options.namespace) await this.end("SIGTERM");
    else await this.namespace.close();
    await removeCgroups(this.#cgroup);
    await rm(this.#options.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** An engine ready for use. Only when {@link dockerUnavailableReason} has nothing to say. */
export async function startDockerd(options: DockerdOptions): Promise<Dockerd> {
  await mkdir(options.dir, { recursive: true });
  const namespace = options.namespace ?? (await Namespace.create("engine"));
  const dockerd = new Dockerd(options, namespace);
  try {
    await dockerd.start();
    if (options.busybox ?? true) await importBusybox(dockerd.socket, options.dir);
  } catch (error) {
    await dockerd.close();
    throw error;
  }
  return dockerd;
}

function answersPing(socketPath: string): Promise<true | undefined> {
  return new Promise(resolve => {
    const ping = request({ socketPath, path: "/_ping", timeout: 5_000 }, response => {
      response.resume();
      resolve(response.statusCode === 200 ? true : undefined);
    });
    ping.on("timeout", () => ping.destroy());
    ping.on("error", () => resolve(undefined));
    ping.end();
  });
}

/** Removes our cgroup and those below it in every hierarchy (one with cgroups v2, one a controller with v1). */
async function removeCgroups(name: string): Promise<void> {
  const base = "/sys/fs/cgroup";
  const roots = (await readdir(base, { withFileTypes: true })).filter(entry => entry.isDirectory());
  await Promise.all([base, ...roots.map(entry => join(base, entry.name))].map(path => removeTree(join(path, name))));
}

async function removeTree(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return;
  const below = entries.filter(entry => entry.isDirectory());
  await Promise.all(below.map(entry => removeTree(join(path, entry.name))));
  // Busy for a moment after its last process was killed.
  await eventually(`${path} to be removed`, () =>
    rmdir(path).then(
      () => true as const,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return true as const;
        if (error.code === "EBUSY") return undefined;
        throw error;
      },
    ),
  );
}
