import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { type CommandOptions, type CommandResult, command, eventually, tryCommand } from "./command.ts";

/**
 * Process 1 of a host: gives it a /run of its own and then only collects ended processes. What is mounted in here stays
 * in here.
 */
const initScript = `set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
hostname "$1"
ip link set lo up
echo ready
while :; do sleep 3600 & wait $!; done`;

/**
 * A host's network, mount, process and host name namespaces, held by one process. When that process is killed (also by
 * the kernel, because the test process died) everything in the namespaces ends with it: daemons, containers, mounts,
 * bridges. So there is nothing to find and clean up by name.
 */
export class Namespace {
  readonly name: string;
  /** Process 1 of the namespaces, as seen from outside. */
  readonly pid: number;
  readonly #holder: ChildProcess;

  private constructor(name: string, holder: ChildProcess, pid: number) {
    this.name = name;
    this.#holder = holder;
    this.pid = pid;
  }

  static async create(name: string): Promise<Namespace> {
    const unshare = ["unshare", "--net", "--mount", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc"];
    const args = ["--pdeathsig", "KILL", ...unshare, "sh", "-c", initScript, "sh", name];
    const holder = spawn("setpriv", args, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const ready = new Promise<void>((resolve, reject) => {
      holder.stdout.on("data", (data: Buffer) => {
        said += data.toString();
        if (said.includes("ready")) resolve();
      });
      holder.stderr.on("data", (data: Buffer) => {
        said += data.toString();
      });
      holder.on("error", reject);
      holder.on("exit", code => reject(new Error(`the namespaces of ${name} ended with ${code}: ${said}`)));
    });
    await ready;
    return new Namespace(name, holder, childrenOf(holder.pid ?? 0)[0] ?? 0);
  }

  /** The command line that runs `argv` in this host. */
  enter(argv: readonly string[]): string[] {
    return ["nsenter", "-t", String(this.pid), "-n", "-m", "-p", "-u", "--", ...argv];
  }

  /** Runs a program in this host to its end; see {@link command}. */
  run(argv: readonly string[], options?: CommandOptions): Promise<string> {
    return command(this.enter(argv), options);
  }

  /** The same for a program that may fail. */
  tryRun(argv: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return tryCommand(this.enter(argv), options);
  }

  /** Starts a daemon in this host, its output going to a file. */
  async spawn(
    argv: readonly string[],
    logFile: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<HostProcess> {
    const [file = "", ...args] = this.enter(argv);
    const log = openSync(logFile, "a");
    const child = spawn(file, args, { stdio: ["ignore", log, log], env: { ...process.env, ...env } });
    closeSync(log);
    // nsenter forks to enter the process namespace: the daemon is its child.
    const pid = await eventually(`${argv[0]} to start`, () => {
      if (child.exitCode !== null) throw new Error(`${argv.join(" ")}: ended at once, see ${logFile}`);
      return childrenOf(child.pid ?? 0)[0];
    });
    return new HostProcess(child, pid, logFile);
  }

  /** Ends everything in this host, at once. */
  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const gone = new Promise(resolve => this.#holder.once("exit", resolve));
    this.#holder.kill("SIGKILL");
    await gone;
    await eventually(`the processes of ${this.name} to end`, () => (isAlive(this.pid) ? undefined : true));
  }
}

/** A daemon, inside a host or on this machine itself. */
export class HostProcess {
  /** As seen from outside. */
  readonly pid: number;
  readonly logFile: string;
  readonly #exited: Promise<number>;
  #ended = false;

  constructor(child: ChildProcess, pid: number, logFile: string) {
    this.pid = pid;
    this.logFile = logFile;
    this.#exited = new Promise(resolve =>
      child.once("exit", (code, signal) => {
        this.#ended = true;
        resolve(code ?? (signal ? 128 : 0));
      }),
    );
  }

  get running(): boolean {
    return !this.#ended;
  }

  /** Signals the daemon and waits until it has ended; gives its exit status. */
  async end(signal: "SIGTERM" | "SIGKILL" | "SIGINT" = "SIGKILL"): Promise<number> {
    if (!this.#ended && isAlive(this.pid)) process.kill(this.pid, signal);
    return this.#exited;
  }

  /** The last of what it wrote, for error messages. */
  logTail(characters = 2_000): string {
    return readFileSync(this.logFile, "utf8").slice(-characters);
  }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
