import { sleep } from "../ports/clock.ts";
import type { LogLine, Runtime } from "../ports/runtime.ts";
import type { SimProcess } from "./process.ts";

/** How long an engine takes to answer, in milliseconds, at most. */
const slowestMs = 40;

/** A machine's engine as one of its programs sees it: a dead program asks nothing and hears nothing. */
export function processRuntime(runtime: Runtime, process: SimProcess): Runtime {
  const travel = (): Promise<void> => sleep(process.clock, (slowestMs / 2) * process.random.float());
  /** The question and the answer both take time; what is killed between the two has been done without its knowing. */
  const ask = async <T>(operation: () => Promise<T>): Promise<T> => {
    await travel();
    try {
      return await operation();
    } finally {
      await travel();
    }
  };
  const orDeath = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, process.death]);
  return {
    kind: runtime.kind,
    describe: () => ask(() => runtime.describe()),
    list: () => ask(() => runtime.list()),
    inspect: taskId => ask(() => runtime.inspect(taskId)),
    prepare: (task, dependencies, progress, signal) => ask(() => runtime.prepare(task, dependencies, progress, signal)),
    start: task => ask(() => runtime.start(task)),
    changed: (taskId, seen, signal) => process.outcome(runtime.changed(taskId, seen, orDeath(signal))),
    stop: task => ask(() => runtime.stop(task)),
    remove: taskId => ask(() => runtime.remove(taskId)),
    logs: (taskId, options) => heard(runtime.logs(taskId, { ...options, signal: orDeath(options.signal) }), process),
    usage: () => ask(() => runtime.usage()),
    close: () => runtime.close(),
  };
}

async function* heard(lines: AsyncIterable<LogLine>, process: SimProcess): AsyncGenerator<LogLine, void> {
  const iterator = lines[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await process.outcome(iterator.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
