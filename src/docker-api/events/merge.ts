import { Channel } from "../../lib/channel.ts";
import { asFault } from "../../lib/fault.ts";

/** Items that wait for the reader of a merged stream; sources wait when there are more. */
const mergeCapacity = 64;

/** Items of all sources as they come; ends when all have ended, throws when one does. */
export async function* merge<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T, void> {
  const channel = new Channel<T>(mergeCapacity);
  let open = sources.length;
  const pump = async (source: AsyncIterable<T>) => {
    try {
      for await (const item of source) if (!(await channel.send(item))) return;
      if (--open === 0) channel.close();
    } catch (error) {
      channel.close(asFault(error));
    }
  };
  for (const source of sources) void pump(source);
  yield* channel;
}

/** Items of two ordered sources that end, in order of `key`. */
export async function* mergeOrdered<T>(
  left: AsyncIterable<T>,
  right: AsyncIterable<T>,
  key: (item: T) => number,
): AsyncGenerator<T, void> {
  const [a, b] = [left[Symbol.asyncIterator](), right[Symbol.asyncIterator]()];
  let [first, second] = [await a.next(), await b.next()];
  while (!first.done || !second.done) {
    const takeFirst = second.done || (!first.done && key(first.value) <= key(second.value));
    if (takeFirst && !first.done) {
      yield first.value;
      first = await a.next();
    } else if (!second.done) {
      yield second.value;
      second = await b.next();
    }
  }
}
