import { onAbort } from "../lib/bell.ts";
import { Channel } from "../lib/channel.ts";
import { Fault } from "../lib/fault.ts";

/** Nodes that wait to be asked for something: of each the stream that it opened last. */
export class NodeListeners<T> {
  readonly #channels = new Map<string, Channel<T>>();
  readonly #capacity: number;

  /** `capacity`: messages that may wait for one node. One that is further behind has to listen anew. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(nodeId: string): boolean {
    return this.#channels.has(nodeId);
  }

  /** A node's stream, which begins with `first`. `left` is called when it ends, unless another has taken its place. */
  async *listen(
    nodeId: string,
    signal: AbortSignal,
    { first, left }: { readonly first: readonly T[]; readonly left: () => void },
  ): AsyncGenerator<T, void> {
    const channel = new Channel<T>(this.#capacity);
    this.#channels.get(nodeId)?.close(new Fault("aborted", "another listener has taken over"));
    this.#channels.set(nodeId, channel);
    const unhook = onAbort(signal, () => channel.close());
    try {
      yield* first;
      yield* channel;
    } finally {
      unhook();
      if (this.#channels.get(nodeId) === channel) {
        this.#channels.delete(nodeId);
        left();
      }
    }
  }

  /** False when the node does not listen, or is too far behind. */
  tell(nodeId: string, message: T): boolean {
    const channel = this.#channels.get(nodeId);
    if (!channel) return false;
    if (channel.offer(message)) return true;
    channel.close(new Fault("resource_exhausted", `${this.#capacity} messages wait already`));
    return false;
  }

  /** Ends every stream with `reason`. */
  stop(reason: Fault): void {
    for (const channel of this.#channels.values()) channel.close(reason);
  }
}
