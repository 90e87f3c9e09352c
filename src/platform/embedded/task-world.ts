import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { Cgroups } from "./cgroups.ts";
import type { Isolation } from "./isolation.ts";
import type { Launcher } from "./launcher.ts";
import type { LocalPorts } from "./local-ports.ts";
import type { PublishedPorts } from "./published-ports.ts";
import type { ServiceNames } from "./service-names.ts";
import type { TaskFileStore } from "./task-files.ts";

/** What all tasks of a runtime share. */
export interface TaskWorld {
  readonly clock: Clock;
  readonly log: Logger;
  readonly isolation: Isolation;
  /** Path of the supervisor's script. */
  readonly shim: string;
  readonly launcher: Launcher;
  readonly cgroups: Cgroups;
  readonly files: TaskFileStore;
  readonly localPorts: LocalPorts;
  readonly names: ServiceNames;
  readonly publishedPorts: PublishedPorts;
  /** Called when a task's instance has changed. */
  readonly changed: (taskId: string) => void;
}
