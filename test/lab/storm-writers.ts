import type { Daemon } from "./daemon.ts";

/** Configs that a writer keeps; older ones it removes, so that the store does not grow with the storm. */
const keptPerWriter = 50;
/** Milliseconds between two tries of the same write, and between two writes. */
const pauseMs = 10;
/** Milliseconds in which every request is answered somehow, or its connection breaks. */
const answerLimitMs = 60_000;

/** Gives some manager that runs at the moment. */
export type AnyManager = () => Daemon;

export interface StormWriter {
  /** Writes answered so far. */
  readonly answered: () => number;
  /** Something that must not be, as soon as there is. */
  readonly violations: readonly string[];
  /** Lets the write under way come to its end. */
  stop(): Promise<void>;
}

/**
 * Creates configs one after the other and removes old ones. A write whose outcome is not known is tried again under the
 * same name until it is, so that at the end exactly `expected()` are there.
 */
export function configWriter(writer: number, any: AnyManager): StormWriter & { expected(): string[] } {
  const kept = new Map<string, string>();
  const violations: string[] = [];
  let answered = 0;
  let stopped = false;

  const create = async (name: string): Promise<void> => {
    const body = { Name: name, Data: Buffer.from(name).toString("base64") };
    for (let attempt = 1; ; attempt += 1) {
      const answer = await call(any(), "POST", "/configs/create", body);
      if (answer?.status === 201) {
        kept.set(name, (answer.body as { ID: string }).ID);
        return;
      }
      if (answer?.status === 409) {
        // An attempt before this one was carried out, though nobody was told.
        if (attempt === 1) violations.push(`${name} was there before it was created`);
        kept.set(name, name);
        return;
      }
      await pause();
    }
  };
  const remove = async (name: string): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await call(any(), "DELETE", `/configs/${kept.get(name)}`);
      if (answer?.status === 404 && attempt === 1) violations.push(`${name} was answered, and is lost`);
      if (answer?.status === 204 || answer?.status === 404) break;
      await pause();
    }
    kept.delete(name);
  };
  const run = async (): Promise<void> => {
    for (let n = 0; !stopped; n += 1) {
      await create(`w${writer}-${n}`);
      answered += 1;
      const [oldest] = kept.keys();
      if (kept.size > keptPerWriter && oldest) await remove(oldest);
      await pause();
    }
  };
  const running = run();
  return {
    answered: () => answered,
    violations,
    expected: () => [...kept.keys()],
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/**
 * Counts up in a service's label, each time from what it reads. An update that is answered counts, one that is refused
 * does not, and of one whose outcome is not known the next reading tells: the label is never anything else.
 */
export async function counter(name: string, any: AnyManager): Promise<StormWriter> {
  const violations: string[] = [];
  const body = {
    Name: name,
    TaskTemplate: { ContainerSpec: { Image: "shoal/sleep" } },
    Mode: { Replicated: { Replicas: 0 } },
  };
  await any().apiOk("POST", "/services/create", { ...body, Labels: { count: "0" } });
  /** What the label may be: one value, or two after an update whose outcome is not known. */
  let possible = [0];
  let answered = 0;
  let stopped = false;

  const step = async (): Promise<void> => {
    const service = await call(any(), "GET", `/services/${name}`);
    if (service?.status !== 200) return;
    const { Version, Spec } = service.body as { Version: { Index: number }; Spec: { Labels: { count: string } } };
    const count = Number(Spec.Labels.count);
    if (!possible.includes(count)) violations.push(`${name} is ${count}, and must be ${possible.join(" or ")}`);
    possible = [count, count + 1];
    const update = { ...Spec, Labels: { count: String(count + 1) } };
    const answer = await call(any(), "POST", `/services/${name}/update?version=${Version.Index}`, update);
    if (answer?.status !== 200) return;
    possible = [count + 1];
    answered += 1;
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      await step();
      await pause();
    }
    // What the last update came to is seen by the next reading.
    await step();
  };
  const running = run();
  return {
    answered: () => answered,
    violations,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/** Undefined when the connection broke: nobody knows what came of it. An error when there is no end to it. */
async function call(daemon: Daemon, method: string, path: string, body?: unknown) {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`${method} ${path} on ${daemon.options.hostname} has no answer after ${answerLimitMs} ms`);
    timer = setTimeout(() => reject(error), answerLimitMs);
  });
  try {
    return await Promise.race([daemon.api(method, path, body).catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, pauseMs));
