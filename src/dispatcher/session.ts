import { Bell, onAbort } from "../lib/bell.ts";
import { Fault } from "../lib/fault.ts";

export type FeedKind = "session" | "assignments" | "network";

/** A node's session with this manager. Its streams wait on feeds, which wake them when there is something to look at. */
export class NodeSession {
  readonly id: string;
  readonly nodeId: string;
  readonly #feeds = new Map<FeedKind, Feed>();
  #over: Fault | undefined;

  constructor(id: string, nodeId: string) {
    this.id = id;
    this.nodeId = nodeId;
  }

  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** A feed for a new stream. It takes the place of an earlier stream of the same kind, which ends. */
  open(kind: FeedKind, signal: AbortSignal): Feed {
    this.#feeds.get(kind)?.end(new Fault("aborted", `another ${kind} stream has taken over`));
    const feed = new Feed(signal, () => {
      if (this.#feeds.get(kind) === feed) this.#feeds.delete(kind);
    });
    if (this.#over) feed.end(this.#over);
    else this.#feeds.set(kind, feed);
    return feed;
  }

  /** Lets the session stream look again at what it has told the agent. */
  wake(): void {
    this.#feeds.get("session")?.wake();
  }

  /** Lets the assignments stream look at a task. */
  wakeTask(taskId: string): void {
    this.#feeds.get("assignments")?.wake(taskId);
  }

  /** Ends the session: its streams throw `fault`. */
  end(fault: Fault): void {
    this.#over ??= fault;
    for (const feed of [...this.#feeds.values()]) feed.end(fault);
  }
}

/** What one stream waits on. Remembers which tasks to look at: no more of them than the node has. */
export class Feed {
  readonly #bell = new Bell();
  readonly #tasks = new Set<string>();
  readonly #signal: AbortSignal;
  readonly #forget: () => void;
  readonly #unhook: () => void;
  #over: Fault | undefined;

  constructor(signal: AbortSignal, forget: () => void) {
    this.#signal = signal;
    this.#forget = forget;
    this.#unhook = onAbort(signal, () => this.#bell.ring());
  }

  wake(taskId?: string): void {
    if (taskId !== undefined) this.#tasks.add(taskId);
    this.#bell.ring();
  }

  end(fault: Fault): void {
    this.#over ??= fault;
    this.#bell.ring();
  }

  /** Resolves with true when there is something to look at, with false when the caller has gone. Throws when over. */
  async next(): Promise<boolean> {
    if (this.#tasks.size === 0) await this.#bell.wait();
    if (this.#over) throw this.#over;
    return !this.#signal.aborted;
  }

  /** Up to `limit` tasks to look at; the rest comes next time. */
  takeTasks(limit: number): string[] {
    const taken = [...this.#tasks].slice(0, limit);
    for (const id of taken) this.#tasks.delete(id);
    return taken;
  }

  close(): void {
    this.#unhook();
    this.#forget();
  }
}
