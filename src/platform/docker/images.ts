import type { IncomingMessage } from "node:http";
import { onAbort } from "../../lib/bell.ts";
import { asFault, Fault } from "../../lib/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EngineClient } from "./client.ts";
import { jsonLines } from "./json-lines.ts";
import type { PullMessage } from "./types.ts";

export interface PullLimits {
  /** Longest wait for an engine to begin its answer, and for its next word, in milliseconds. */
  readonly silenceMs: number;
  /** Longest time a pull may take, in milliseconds. */
  readonly totalMs: number;
}

export const pullLimits: PullLimits = { silenceMs: 60_000, totalMs: 30 * 60_000 };

/** Who waits for a pull: hears of its progress, and may leave. */
export interface PullWaiter {
  progress(message: string): void;
  readonly signal: AbortSignal;
}

/** Pulls images, each once at a time however many tasks wait for it. */
export class ImagePuller {
  readonly #client: EngineClient;
  readonly #clock: Clock;
  readonly #limits: PullLimits;
  readonly #pulls = new Map<string, Pull>();

  constructor(client: EngineClient, clock: Clock, limits: PullLimits) {
    this.#client = client;
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * Pulls `image`; `auth` is the registry's credentials in the engine's base64 form, "" for none. Faults say why not;
   * cancelled when the waiter has left. The last waiter that leaves ends the pull.
   */
  async pull(image: string, auth: string, waiter: PullWaiter): Promise<void> {
    const key = `${auth} ${image}`;
    const pull = this.#pulls.get(key) ?? new Pull(image);
    pull.waiters.add(waiter);
    if (!this.#pulls.has(key)) {
      this.#pulls.set(key, pull);
      pull.done = this.#run(pull, auth).finally(() => this.#pulls.delete(key));
    }
    let forget = (): void => {};
    const left = new Promise<never>((_, reject) => {
      forget = onAbort(waiter.signal, () => reject(new Fault("cancelled", `the pull of ${image} is no longer wanted`)));
    });
    try {
      await Promise.race([pull.done, left]);
    } finally {
      forget();
      pull.leave(waiter);
    }
  }

  async #run(pull: Pull, auth: string): Promise<void> {
    const late = this.#clock.after(this.#limits.totalMs, () =>
      pull.abort.abort(slow(pull.image, this.#limits.totalMs, "took longer than")),
    );
    try {
      pull.tell(`pulling image ${pull.image}`);
      await this.#read(pull, await this.#open(pull.image, auth, pull.abort.signal));
    } catch (error) {
      throw pull.abort.signal.aborted ? asFault(pull.abort.signal.reason) : error;
    } finally {
      late.cancel();
    }
  }

  #open(image: string, auth: string, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#client.stream("POST", "/images/create", {
      query: { fromImage: withTag(image) },
      headers: auth === "" ? {} : { "X-Registry-Auth": auth },
      timeoutMs: this.#limits.silenceMs,
      signal,
    });
  }

  async #read(pull: Pull, stream: IncomingMessage): Promise<void> {
    const watch = (): { cancel(): void } =>
      this.#clock.after(this.#limits.silenceMs, () =>
        stream.destroy(slow(pull.image, this.#limits.silenceMs, "said nothing for")),
      );
    let timer = watch();
    try {
      for await (const line of jsonLines(stream)) {
        timer.cancel();
        timer = watch();
        const message = line as PullMessage;
        if (message.error !== undefined) throw new Fault("unknown", message.error);
        pull.note(message);
      }
    } catch (error) {
      throw asFault(error);
    } finally {
      timer.cancel();
    }
  }
}

/** One pull under way, and who waits for it. */
class Pull {
  readonly image: string;
  readonly waiters = new Set<PullWaiter>();
  readonly abort = new AbortController();
  done: Promise<void> = Promise.resolve();
  readonly #layers = new Map<string, Layer>();

  constructor(image: string) {
    this.image = image;
  }

  tell(message: string): void {
    for (const waiter of this.waiters) waiter.progress(message);
  }

  leave(waiter: PullWaiter): void {
    this.waiters.delete(waiter);
    if (this.waiters.size > 0) return;
    this.done.catch(() => {}); // Whoever wanted to know has left.
    this.abort.abort(new Fault("cancelled", `the pull of ${this.image} is no longer wanted`));
  }

  /** Counts layers and what has come of them, and tells. */
  note({ id, status, progressDetail }: PullMessage): void {
    if (!id || !status || status.startsWith("Pulling from")) return;
    const before = this.#layers.get(id) ?? { complete: false, current: 0, total: 0 };
    const complete = status === "Pull complete" || status === "Already exists";
    const { current = before.current, total = before.total } = status === "Downloading" ? (progressDetail ?? {}) : {};
    // An engine says no more of what it has in one go.
    const come = complete || status === "Download complete" ? before.total : current;
    this.#layers.set(id, { complete, current: come, total });
    this.tell(`pulling image ${this.image}: ${layersText([...this.#layers.values()])}`);
  }
}

interface Layer {
  readonly complete: boolean;
  /** Bytes that have come, of so many, as far as the engine has said. */
  readonly current: number;
  readonly total: number;
}

/** `2 of 5 layers, 14 of 120 MB`. */
function layersText(layers: readonly Layer[]): string {
  const complete = layers.filter(layer => layer.complete).length;
  const sum = (numbers: readonly number[]): number => numbers.reduce((left, right) => left + right, 0);
  const [come, total] = [sum(layers.map(layer => layer.current)), sum(layers.map(layer => layer.total))];
  const bytes = total === 0 ? "" : `, ${(come / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
  return `${complete} of ${layers.length} layers${bytes}`;
}

/** Without a tag the engine would pull every tag of the repository. */
export function withTag(image: string): string {
  const name = image.slice(image.lastIndexOf("/") + 1);
  return name.includes(":") || image.includes("@") ? image : `${image}:latest`;
}

function slow(image: string, ms: number, what: string): Fault {
  return new Fault("deadline_exceeded", `pulling ${image} ${what} ${ms / 1000} s`);
}
