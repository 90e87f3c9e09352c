import { expect, it } from "vitest";
import type { Task } from "../model/task.ts";
import type { LogLine, LogOptions } from "./runtime.ts";
import type { RuntimeWorld } from "./runtime-world.test-kit.ts";

/** A task's log lines, like "stdout: hello\n". */
export type LogReader = (task: Task, options: Partial<LogOptions>) => Promise<string[]>;

const everything: Omit<LogOptions, "signal"> = {
  stdout: true,
  stderr: true,
  follow: false,
  tail: -1,
  sinceMs: undefined,
};

/** Reads logs in this world; all of them where `options` says nothing else. */
export function logReader({ runtime, until }: RuntimeWorld): LogReader {
  return async (task, options) => {
    const lines: LogLine[] = [];
    const read = async (): Promise<void> => {
      for await (const line of runtime().logs(task.id, {
        ...everything,
        signal: new AbortController().signal,
        ...options,
      }))
        lines.push(line);
    };
    await until(read());
    for (const line of lines) expect(line.timestampNs).toBeGreaterThan(1_600_000_000_000_000_000n);
    return lines.map(line => `${line.stream}: ${Buffer.from(line.data).toString()}`);
  };
}

/** What every runtime promises of its logs. */
export function logsContract(
  { runtime, taskFor, prepare, started, ended, until }: RuntimeWorld,
  logLines: LogReader,
): void {
  it("keeps what tasks print, line by line", async () => {
    const stdout = ["one", "", "two", "three ".repeat(1_000)];
    const task = taskFor({ kind: "prints", stdout, stderr: ["oh"], stay: false });
    await ended(task, await started(task));
    const out = stdout.map(line => `stdout: ${line}\n`);
    const all = await logLines(task, {});
    expect(all.filter(line => line.startsWith("stdout"))).toEqual(out);
    expect(all.filter(line => line.startsWith("stderr"))).toEqual(["stderr: oh\n"]);
    expect(await logLines(task, { stderr: false })).toEqual(out);
    expect(await logLines(task, { stdout: false })).toEqual(["stderr: oh\n"]);
    await until(runtime().remove(task.id));
  });

  it("gives the last lines of what tasks print", async () => {
    const task = taskFor({ kind: "prints", stdout: ["one", "two", "three"], stderr: [], stay: false });
    await ended(task, await started(task));
    expect(await logLines(task, { tail: 2 })).toEqual(["stdout: two\n", "stdout: three\n"]);
    expect(await logLines(task, { tail: 10 })).toHaveLength(3);
    expect(await logLines(task, { tail: 0 })).toEqual([]);
    await until(runtime().remove(task.id));
  });

  it("follows the log until the task ends", async () => {
    const task = taskFor({ kind: "prints", stdout: ["ready"], stderr: [], stay: true });
    await started(task);
    const lines = logLines(task, { follow: true });
    // A task that is stopped before it has begun prints nothing.
    while ((await logLines(task, {})).length === 0);
    await until(runtime().stop(task));
    expect(await until(lines)).toEqual(["stdout: ready\n"]);
    await until(runtime().remove(task.id));
  });

  it("follows the log of a task that has not begun", async () => {
    const task = taskFor({ kind: "prints", stdout: ["ready"], stderr: [], stay: false });
    await prepare(task);
    const lines = logLines(task, { follow: true });
    // Reading what there is, which takes as long as beginning to follow: nothing.
    for (let times = 0; times < 5; times++) expect(await logLines(task, {})).toEqual([]);
    await until(runtime().start(task));
    expect(await until(lines)).toEqual(["stdout: ready\n"]);
    await until(runtime().remove(task.id));
  });

  it("stops following the log when told so", async () => {
    const task = taskFor({ kind: "prints", stdout: ["ready"], stderr: [], stay: true });
    await started(task);
    const abort = new AbortController();
    const read = async (): Promise<number> => {
      let count = 0;
      for await (const _ of runtime().logs(task.id, { ...everything, follow: true, signal: abort.signal })) {
        count += 1;
        abort.abort();
      }
      return count;
    };
    expect(await until(read())).toBe(1);
    await until(runtime().remove(task.id));
  });
}
