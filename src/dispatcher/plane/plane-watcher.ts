import { PlaneNews } from "./news.ts";

/** One node's stream: what it is to look at, how it is woken, and how much of what it has said is in force on the node. */
export class PlaneWatcher {
  readonly nodeId: string;
  readonly wake: () => void;
  #news = new PlaneNews();
  /** The node has been told its whole plane. */
  #begun = false;
  #asked = 0n;
  #confirmed = 0n;

  constructor(nodeId: string, wake: () => void) {
    this.nodeId = nodeId;
    this.wake = wake;
  }

  get news(): PlaneNews {
    return this.#news;
  }

  /** What has come since the last time. */
  take(): PlaneNews {
    const taken = this.#news;
    this.#news = new PlaneNews();
    return taken;
  }

  /** The number under which the node is to confirm the message that is about to be sent. */
  ask(): bigint {
    this.#begun = true;
    this.#asked += 1n;
    return this.#asked;
  }

  confirm(number: bigint): void {
    if (number > this.#confirmed && number <= this.#asked) this.#confirmed = number;
  }

  /** The number whose confirmation covers what there is to say of the task now; undefined while that is still to be said. */
  numberFor(taskId: string): bigint | undefined {
    return this.#begun && !this.#news.tasks.has(taskId) ? this.#asked : undefined;
  }

  hasConfirmed(number: bigint): boolean {
    return this.#confirmed >= number;
  }
}
