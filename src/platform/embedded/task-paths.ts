import { join } from "node:path";

/** The files of one task. */
export interface TaskPaths {
  /** The task's directory: plan, kept log, working directory. */
  readonly root: string;
  readonly plan: string;
  readonly health: string;
  readonly work: string;
  /** The resolv.conf of a task that asks at an address of its own. */
  readonly resolvConf: string;
  /** The log as it is kept; rotated to `previousLog`. */
  readonly log: string;
  readonly previousLog: string;
  /** What the supervisor's file names begin with: `.run`, `.pid`, `.exit`. */
  readonly io: string;
  readonly run: string;
  readonly pid: string;
  readonly exit: string;
  /** Where standard output and error go as they are, until they are moved to the log. */
  readonly out: string;
  readonly err: string;
}

/** Where a runtime keeps things: one directory a task, and one for all supervisors' files, watched as a whole. */
export interface Layout {
  readonly tasks: string;
  readonly io: string;
  task(taskId: string): TaskPaths;
}

export function layoutOf(directory: string): Layout {
  const tasks = join(directory, "tasks");
  const io = join(directory, "io");
  return {
    tasks,
    io,
    task: taskId => {
      const root = join(tasks, taskId);
      const prefix = join(io, taskId);
      return {
        root,
        plan: join(root, "plan.json"),
        health: join(root, "health"),
        work: join(root, "work"),
        resolvConf: join(root, "resolv.conf"),
        log: join(root, "log"),
        previousLog: join(root, "log.1"),
        io: prefix,
        run: `${prefix}.run`,
        pid: `${prefix}.pid`,
        exit: `${prefix}.exit`,
        out: `${prefix}.out`,
        err: `${prefix}.err`,
      };
    },
  };
}
