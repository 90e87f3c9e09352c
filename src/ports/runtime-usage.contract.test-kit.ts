import { expect, it } from "vitest";
import type { Task } from "../model/task.ts";
import type { MeasuredTask } from "./runtime.ts";
import type { RuntimeWorld } from "./runtime-world.test-kit.ts";

/** CPU time after which a task counts as busy, seconds. */
const busySeconds = 0.3;

/** What every runtime promises of what it measures. */
export function usageContract({ runtime, taskFor, started, ended, until }: RuntimeWorld): void {
  const usageOf = async (task: Task): Promise<MeasuredTask | undefined> =>
    (await until(runtime().usage())).find(each => each.taskId === task.id);

  it("measures the memory and the processor time of what runs, and of nothing else", async () => {
    const [busy, idle] = [taskFor({ kind: "busy" }), taskFor({ kind: "runs" })];
    await until(runtime().prepare(idle, { secret: () => undefined, config: () => undefined }, () => {}));
    expect(await usageOf(idle)).toBeUndefined();
    await until(runtime().start(idle));
    await started(busy);
    const { cpuSeconds: begin = Number.NaN } = (await usageOf(busy)) ?? {};
    let usage: MeasuredTask | undefined;
    do {
      // Time passes in every world while a task runs to its end.
      const passing = taskFor({ kind: "ends", code: 0, afterMs: busySeconds * 1000 });
      await ended(passing, await started(passing));
      await until(runtime().remove(passing.id));
      usage = await usageOf(busy);
    } while ((usage?.cpuSeconds ?? 0) < begin + busySeconds);
    expect(usage?.memoryBytes).toBeGreaterThan(0);
    expect((await usageOf(idle))?.cpuSeconds).toBeLessThan(busySeconds);
    await until(runtime().stop(busy));
    expect(await usageOf(busy)).toBeUndefined();
    for (const task of [busy, idle]) await until(runtime().remove(task.id));
    expect(await usageOf(idle)).toBeUndefined();
  });
}
