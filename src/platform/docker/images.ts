import type { IncomingMessage } from "node:http";
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

  /** Pulls `image`; `auth` is the registry's credentials in the engine's base64 form, "" for none. Faults say why not. */
  async pull(image: string, auth: string, progress: (message: string) => void): Promise<void> {
    const key = `${auth} ${image}`;
    const pull = this.#pulls.get(key) ?? new Pull(image);
    pull.listeners.add(progress);
    if (!this.#pulls.has(key)) {
      this.#pulls.set(key, pull);
      pull.done = this.#run(pull, auth).finally(() => this.#pulls.delete(key));
    }
    try {
      await pull.done;
    } finally {
      pull.listeners.delete(progress);
    }
  }

  async #run(pull: Pull, auth: string): Promise<void> {
    const abort = new AbortController();
    const late = this.#clock.after(this.#limits.totalMs, () => abort.abort());
    try {
      pull.tell(`pulling image ${pull.image}`);
      await this.#read(pull, await this.#open(pull.image, auth, abort.signal));
    } catch (error) {
      if (abort.signal.aborted) throw slow(pull.image, this.#limits.totalMs, "took longer than");
      throw error;
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
  readonly listeners = new Set<(message: string) => void>();
  done: Promise<void> = Promise.resolve();
  readonly #layers = new Map<string, boolean>();

  constructor(image: string) {
    this.image = image;
  }

  tell(message: string): void {
    for (const listener of this.listeners) listener(message);
  }

  /** Counts layers, and tells when one more is complete. */
  note(message: PullMessage): void {
    if (!message.id || !message.status || message.status.startsWith("Pulling from")) return;
    const complete = message.status === "Pull complete" || message.status === "Already exists";
    const before = this.#layers.get(message.id);
    this.#layers.set(message.id, complete);
    if (!complete || before) return;
    const ready = [...this.#layers.values()].filter(Boolean).length;
    this.tell(`pulling image ${this.image}: ${ready} of ${this.#layers.size} layers`);
  }
}

/** Without a tag the engine would pull every tag of the repository. */
export function withTag(image: string): string {
  const name = image.slice(image.lastIndexOf("/") + 1);
  return name.includes(":") || image.includes("@") ? image : `${image}:latest`;
}

function slow(image: string, ms: number, what: string): Fault {
  return new Fault("deadline_exceeded", `pulling ${image} ${what} ${ms / 1000} s`);
}
