import { asFault } from "../../lib/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Meters } from "../../ports/meters.ts";
import type { Runtime } from "../../ports/runtime.ts";

/** The same runtime, with what it is asked for measured. What waits by its nature (changes, logs, networks) is not. */
export function measuredRuntime(runtime: Runtime, meters: Meters, clock: Clock): Runtime {
  const measured = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    const began = clock.monotonic();
    try {
      const outcome = await work();
      meters.runtimeAsked(operation, clock.monotonic() - began, undefined);
      return outcome;
    } catch (error) {
      meters.runtimeAsked(operation, clock.monotonic() - began, asFault(error).code);
      throw error;
    }
  };
  return {
    kind: runtime.kind,
    describe: () => measured("describe", () => runtime.describe()),
    list: () => measured("list", () => runtime.list()),
    inspect: taskId => measured("inspect", () => runtime.inspect(taskId)),
    prepare: (task, dependencies, progress, signal) =>
      measured("prepare", () => runtime.prepare(task, dependencies, progress, signal)),
    start: task => measured("start", () => runtime.start(task)),
    changed: (taskId, seen, signal) => runtime.changed(taskId, seen, signal),
    stop: task => measured("stop", () => runtime.stop(task)),
    remove: taskId => measured("remove", () => runtime.remove(taskId)),
    logs: (taskId, options) => runtime.logs(taskId, options),
    usage: () => measured("usage", () => runtime.usage()),
    close: () => runtime.close(),
    ...(runtime.followNetworks && { followNetworks: runtime.followNetworks.bind(runtime) }),
    ...(runtime.dismantle && { dismantle: runtime.dismantle.bind(runtime) }),
  };
}
