import { chmod, chown, lstat, mkdir, readdir, rename, rm, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Fault } from "../../lib/fault.ts";
import type { GivenFile } from "./file-mounts.ts";
import type { Mount } from "./types.ts";

/** Where secrets may lie, best first; each must be in memory. */
export const defaultFileRoots: readonly string[] = ["/run/shoal", "/dev/shm/shoal"];
/** Type numbers of tmpfs and ramfs (statfs(2)). */
const memoryFilesystems = new Set([0x01021994, 0x858458f6]);
/** Ends the names of directories that are not complete yet. */
const unfinished = ".new";

/**
 * The node's files that are mounted into containers: secrets and configs, one file each, in memory alone (tmpfs), in
 * directories that only this user can enter. An engine that is not in swarm mode has no secrets of its own, and takes
 * none into a container's tmpfs before it runs.
 */
export class TaskFiles {
  readonly #nodeId: string;
  readonly #roots: readonly string[];
  #folder: string | undefined;

  /** `roots` are the places to try, in order. */
  constructor(nodeId: string, roots: readonly string[]) {
    this.#nodeId = nodeId;
    this.#roots = roots;
  }

  /** Writes a task's files, once, and gives the mounts for them. Faults failed_precondition without a place in memory. */
  async write(taskId: string, files: readonly GivenFile[]): Promise<Mount[]> {
    if (files.length === 0) return [];
    const folder = join(await this.#open(), taskId);
    if (!(await exists(folder))) await writeFolder(folder, files);
    return files.map((file, index) => ({
      Type: "bind",
      Source: join(folder, String(index)),
      Target: file.target,
      ReadOnly: true,
    }));
  }

  async remove(taskId: string): Promise<void> {
    for (const folder of this.#folders())
      for (const name of [taskId, taskId + unfinished]) await rm(join(folder, name), { recursive: true, force: true });
  }

  /** The tasks that have files here, also those of an earlier run of the daemon. */
  async tasks(): Promise<string[]> {
    const found = await Promise.all(this.#folders().map(folder => readdir(folder).catch(() => [])));
    return found.flat().map(name => (name.endsWith(unfinished) ? name.slice(0, -unfinished.length) : name));
  }

  #folders(): string[] {
    return this.#roots.map(root => join(root, this.#nodeId));
  }

  async #open(): Promise<string> {
    if (this.#folder) return this.#folder;
    for (const root of this.#roots) {
      if (!(await isInMemory(root))) continue;
      const folder = join(root, this.#nodeId);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await checkOwned(root);
      this.#folder = folder;
      return folder;
    }
    const tried = this.#roots.map(dirname).join(" and ");
    throw new Fault(
      "failed_precondition",
      `Cannot keep secrets on this node: ${tried} would put them on a disk (no tmpfs)`,
    );
  }
}

/** Complete or not there: a daemon that ends in between leaves a folder that is not looked at. */
async function writeFolder(folder: string, files: readonly GivenFile[]): Promise<void> {
  const draft = `${folder}${unfinished}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  for (const [index, file] of files.entries()) {
    const path = join(draft, String(index));
    await writeFile(path, file.data, { mode: 0o600, flag: "wx" });
    await chown(path, file.uid, file.gid);
    await chmod(path, file.mode); // After chown, which takes set-id bits away.
  }
  await rename(draft, folder);
}

async function isInMemory(root: string): Promise<boolean> {
  const place = await statfs(dirname(root)).catch(() => undefined);
  return place !== undefined && memoryFilesystems.has(place.type);
}

/** /dev/shm is open to all: a directory that somebody else has put there is not used. */
async function checkOwned(root: string): Promise<void> {
  const stats = await lstat(root);
  if (stats.isDirectory() && stats.uid === process.getuid?.()) return chmod(root, 0o700);
  throw new Fault("failed_precondition", `Cannot keep secrets in ${root}: it belongs to somebody else`);
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
