import { chmod, chown, lstat, mkdir, readdir, rm, rmdir, statfs, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { Fault } from "../../lib/fault.ts";
import type { Logger } from "../../ports/log.ts";
import type { TaskDependencies } from "../../ports/runtime.ts";
import type { ContainerSpec } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { FileTarget } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** What a task finds in its secrets or configs directory. */
interface GivenFile {
  readonly target: FileTarget;
  readonly data: Uint8Array;
}

/** Where a prepared task's files are; undefined for a kind it has none of. */
export interface TaskFiles {
  readonly secrets: string | undefined;
  readonly configs: string | undefined;
}

/** Memory file systems, best first. */
const candidates = ["/dev/shm", "/run", "/tmp"];
/** Type numbers of statfs(2) for tmpfs and ramfs. */
const memoryFilesystems = new Set([0x01021994, 0x858458f6]);

/**
 * Keeps the secrets and configs of one node's tasks: in memory alone (tmpfs), never on a disk, and no longer than the
 * task runs.
 */
export class TaskFileStore {
  readonly #root: string | undefined;
  readonly #log: Logger;

  /** `root` is the directory on tmpfs, undefined when the machine has none. */
  constructor(root: string | undefined, log: Logger) {
    this.#root = root;
    this.#log = log;
  }

  /** Finds a place in memory for this node's tasks. */
  static async open(nodeId: string, log: Logger): Promise<TaskFileStore> {
    const user = process.getuid?.() ?? 0;
    for (const candidate of candidates) {
      const root = join(candidate, `shoal-${user}-${nodeId}`);
      try {
        if (memoryFilesystems.has((await statfs(candidate)).type)) return new TaskFileStore(root, log);
      } catch (error) {
        log.debug("no room for secrets there", { directory: candidate, error: String(error) });
      }
    }
    return new TaskFileStore(undefined, log);
  }

  /**
   * Writes what the spec refers to. Faults: not_found for a secret or config that was not assigned to this node,
   * invalid_argument for a target outside the directory, failed_precondition without a place in memory.
   */
  async write(taskId: string, spec: ContainerSpec, dependencies: TaskDependencies): Promise<void> {
    await this.#writeAll(this.#path(taskId, "secrets"), secretFiles(spec, dependencies));
    await this.#writeAll(this.#path(taskId, "configs"), configFiles(spec, dependencies));
  }

  /** The directories of a task's files as far as it has any. */
  find(taskId: string, spec: { readonly secrets: boolean; readonly configs: boolean }): TaskFiles {
    return {
      secrets: spec.secrets ? this.#path(taskId, "secrets") : undefined,
      configs: spec.configs ? this.#path(taskId, "configs") : undefined,
    };
  }

  async remove(taskId: string): Promise<void> {
    if (this.#root === undefined) return;
    await rm(join(this.#root, taskId), { recursive: true, force: true });
    // Succeeds with the last task's files, and leaves nothing behind then.
    await rmdir(this.#root).catch(() => {});
  }

  /** Removes the files of tasks that are not among `known`: left by a daemon that ended while removing them. */
  async sweep(known: ReadonlySet<string>): Promise<void> {
    if (this.#root === undefined) return;
    for (const taskId of await readdir(this.#root).catch(() => [])) {
      if (known.has(taskId)) continue;
      this.#log.info("removing files of a task that is gone", { task: taskId });
      await this.remove(taskId);
    }
  }

  #path(taskId: string, kind: "secrets" | "configs"): string {
    return join(this.#root ?? "", taskId, kind);
  }

  async #writeAll(directory: string, files: readonly GivenFile[]): Promise<void> {
    if (files.length === 0) return;
    if (this.#root === undefined)
      throw new Fault("failed_precondition", "Cannot keep secrets: this machine has no memory file system (tmpfs)");
    await mkdir(this.#root, { recursive: true, mode: 0o711 });
    await checkOwned(this.#root);
    await mkdir(directory, { recursive: true, mode: 0o755 });
    for (const { target, data } of files) await writeOne(pathWithin(directory, target.name), target, data);
  }
}

/** /dev/shm is open to all: a directory that somebody else has put there is not used. */
async function checkOwned(root: string): Promise<void> {
  const stats = await lstat(root);
  if (stats.isDirectory() && stats.uid === process.getuid?.()) return;
  throw new Fault("failed_precondition", `Cannot keep secrets in ${root}: it belongs to somebody else`);
}

/** Targets are relative to the directory; absolute ones keep their whole path below it. */
function pathWithin(directory: string, name: string): string {
  const path = normalize(join("/", name));
  if (path === "/" || name.split("/").includes(".."))
    throw new Fault("invalid_argument", `invalid secret or config target: ${JSON.stringify(name)}`);
  return join(directory, path);
}

async function writeOne(path: string, target: FileTarget, data: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await rm(path, { force: true });
  await writeFile(path, data, { mode: 0o600 });
  if (process.getuid?.() === 0) await chown(path, Number(target.uid || 0), Number(target.gid || 0));
  await chmod(path, target.mode);
}

function secretFiles(spec: ContainerSpec, dependencies: TaskDependencies): GivenFile[] {
  return spec.secrets.flatMap(reference => {
    if (reference.target.case !== "file") return [];
    const data = dependencies.secret(reference.secretId)?.spec?.data;
    if (!data) throw new Fault("not_found", `secret not found: ${reference.secretName}`);
    return [{ target: reference.target.value, data }];
  });
}

function configFiles(spec: ContainerSpec, dependencies: TaskDependencies): GivenFile[] {
  return spec.configs.flatMap(reference => {
    if (reference.target.case !== "file") return [];
    const data = dependencies.config(reference.configId)?.spec?.data;
    if (!data) throw new Fault("not_found", `config not found: ${reference.configName}`);
    return [{ target: reference.target.value, data }];
  });
}
