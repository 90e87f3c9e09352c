import { type FSWatcher, watch } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Timer } from "../../ports/clock.ts";
import type { EmbeddedTask } from "./embedded-task.ts";
import { killOrphan } from "./supervised.ts";
import { layoutOf, type TaskPaths } from "./task-paths.ts";
import type { TaskWorld } from "./task-world.ts";

/** Output that comes while a task prints is gathered for so long before it is moved to the log, milliseconds. */
const gatherMs = 25;
/** Tasks that no event may come for (those of an earlier daemon) are looked at so often, milliseconds. */
const roundMs = 5_000;

/**
 * Watches the directory where all supervisors write, one kernel watch for thousands of tasks: output to be moved to the
 * log, process ids, exit statuses. Events are hints; a round every few seconds finds what they missed.
 */
export class IoWatch {
  readonly #directory: string;
  readonly #tasks: ReadonlyMap<string, EmbeddedTask>;
  readonly #world: TaskWorld;
  readonly #printing = new Set<string>();
  #gathering: Timer | undefined;
  #round: Timer | undefined;
  #watcher: FSWatcher | undefined;

  constructor(directory: string, tasks: ReadonlyMap<string, EmbeddedTask>, world: TaskWorld) {
    this.#directory = directory;
    this.#tasks = tasks;
    this.#world = world;
  }

  start(): void {
    this.#nextRound();
    try {
      this.#watcher = watch(this.#directory, { persistent: false }, (_event, name) => name && this.#happened(name));
      this.#watcher.on("error", error => this.#world.log.warn("cannot watch tasks", { error: String(error) }));
    } catch (error) {
      // Out of inotify instances or watches: the rounds still find everything, later.
      this.#world.log.warn("cannot watch tasks", { directory: this.#directory, error: String(error) });
    }
  }

  close(): void {
    this.#watcher?.close();
    this.#gathering?.cancel();
    this.#round?.cancel();
  }

  /** Removes files of tasks that are gone: their removal was cut short. What still runs of one is killed. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const taskId = taskOf(name);
      if (this.#tasks.has(taskId)) continue;
      await killOrphan(this.#pathsOf(taskId), taskId, this.#world.clock);
      await rm(join(this.#directory, name), { force: true });
    }
  }

  #pathsOf(taskId: string): TaskPaths {
    return layoutOf(join(this.#directory, "..")).task(taskId);
  }

  #happened(name: string): void {
    const taskId = taskOf(name);
    const task = this.#tasks.get(taskId);
    if (!task) return;
    if (!name.endsWith(".out") && !name.endsWith(".err")) {
      void task.look();
      return;
    }
    this.#printing.add(taskId);
    this.#gathering ??= this.#world.clock.after(gatherMs, () => {
      this.#gathering = undefined;
      for (const id of this.#printing) void this.#tasks.get(id)?.log.drain();
      this.#printing.clear();
    });
  }

  #nextRound(): void {
    this.#round = this.#world.clock.after(roundMs, () => {
      for (const task of this.#tasks.values()) {
        if (!task.isAlive) continue;
        if (!task.isWatched) void task.look();
        if (!this.#watcher) void task.log.drain();
      }
      this.#nextRound();
    });
  }
}

/** Names are `TASK.KIND`. */
function taskOf(name: string): string {
  return name.slice(0, name.lastIndexOf("."));
}
