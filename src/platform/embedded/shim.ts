import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Isolation } from "./isolation.ts";
import type { LaunchOrder } from "./launcher.ts";
import type { TaskPaths } from "./task-paths.ts";

/*
 * Every task has a supervisor that outlives the daemon: a shell of about 120 kB of its own that starts the program,
 * waits, and writes down how it ended. It uses built-in commands alone wherever it forks nothing, because in a new PID
 * namespace the first process it forks is process 1, and the namespace ends with that process.
 *
 * Order matters. (1) It creates FILE.run with its own identity (boot, stat line), failing when the file is there: of two
 * starts of one task, before and after a crash of the daemon, one wins. (2) It forks the program and writes its process
 * id into FILE.pid: from then on the task counts as running. (3) It writes the exit status into FILE.exit with one
 * write: readers take a text without its newline for not yet written. Its own messages ("Terminated") are no output.
 *
 * Each session has as much of the processors as the daemon's (Linux: sched_autogroup), so a hundred that begin would leave it next
 * to nothing: what it takes to begin goes after it. The program's own session does not.
 *
 * Arguments: FILE, mode, cgroup.procs files (one word each), hostname, secrets directory, OOM score adjustment, resolv.conf, program…
 */
const script = `set -C
{ echo 10 >|/proc/self/autogroup; } 2>/dev/null
read -r shoal_boot </proc/sys/kernel/random/boot_id
read -r shoal_stat </proc/self/stat
echo "$shoal_boot $shoal_stat" >"$1.run" || exit 125
(
  for shoal_procs in $3; do echo 0 >|"$shoal_procs" || exit 126; done
  [ "$6" = 0 ] || echo "$6" >|/proc/self/oom_score_adj
  if [ "$2" = namespaces ]; then
    echo "$4" >|/proc/sys/kernel/hostname
    [ -z "$5" ] || mount --bind "$5" /run/secrets || exit 126
    [ -z "$7" ] || [ ! -e /etc/resolv.conf ] || mount --bind "$7" /etc/resolv.conf || exit 126
    mount -t proc proc /proc || exit 126
  fi
  shift 7
  exec setsid -- "$@"
) &
shoal_child=$!
exec 2>/dev/null
echo "$shoal_child" >"$1.pid"
wait "$shoal_child"
shoal_status=$?
[ "$2" = namespaces ] || kill -9 "-$shoal_child"
echo "$shoal_status" >"$1.exit"
`;

/** What the supervisor needs to know of a task. */
export interface Launch {
  readonly paths: TaskPaths;
  readonly isolation: Isolation;
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly directory: string;
  readonly hostname: string;
  /** Directory to show as /run/secrets; "" for none, or without a mount namespace. */
  readonly secrets: string;
  /** The cgroup.procs files of the groups to join. */
  readonly cgroups: readonly string[];
  readonly oomScoreAdjust: number;
  /** File to show as /etc/resolv.conf; "" for the machine's own, or without a mount namespace. */
  readonly resolvConf: string;
}

/**
 * Writes the supervisor's script into `directory` and returns its path. The name carries a digest: a shell that runs an
 * older version reads on in its own file.
 */
export async function installShim(directory: string): Promise<string> {
  const digest = createHash("sha256").update(script).digest("hex").slice(0, 12);
  const path = join(directory, `shim-${digest}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, script, { mode: 0o600 });
  await rename(draft, path);
  return path;
}

/** What is to be started for a task: its supervisor. */
export function launchOrder(shim: string, task: Launch): LaunchOrder {
  const line = [
    "/bin/sh",
    shim,
    task.paths.io,
    task.isolation,
    task.cgroups.join(" "),
    task.hostname,
    task.secrets,
    String(task.oomScoreAdjust),
    task.resolvConf,
    ...task.command,
  ];
  const [program = "", ...args] =
    task.isolation === "namespaces" ? ["unshare", "--mount", "--pid", "--uts", "--", ...line] : line;
  const env = Object.fromEntries(task.env.map(entry => splitVariable(entry)));
  return { program, args, env, directory: task.directory, out: task.paths.out, err: task.paths.err };
}

function splitVariable(entry: string): [string, string] {
  const at = entry.indexOf("=");
  return [entry.slice(0, at), entry.slice(at + 1)];
}

/** Names the shell would lose (it keeps identifiers alone), and names that steer the dynamic loader. */
const unsafeName = /^(?![A-Za-z_][A-Za-z0-9_]*=)|^LD_/;

/** Parts an environment into what may pass through the supervisor and what is to be given to env(1) behind it. */
export function partEnvironment(env: readonly string[]): { readonly passed: string[]; readonly behind: string[] } {
  return {
    passed: env.filter(entry => !unsafeName.test(entry)),
    behind: env.filter(entry => unsafeName.test(entry)),
  };
}
