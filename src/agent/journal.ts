import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { Bell } from "../lib/bell.ts";
import { asFault } from "../lib/fault.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";
import { TaskStatusSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { LocalTask } from "./local-task.ts";
import type { StopCause } from "./step.ts";

/** Least time between two writes. What is lost in a crash meanwhile is found again by looking at the containers. */
const writePeriodMs = 500;
const fileName = "tasks.json";

interface Entry {
  readonly id: string;
  readonly status: JsonValue;
  readonly stopCause: StopCause;
}

/**
 * Keeps what the agent knows of its tasks over a restart: their statuses, no specs and no secrets. It saves repeating
 * what was found out before; the agent also gets on without it, so a file that cannot be read is logged and left behind.
 */
export class Journal {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #tasks = new Map<string, LocalTask>();
  readonly #bell = new Bell();
  readonly #closing = new AbortController();
  #dirty = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: { disk: Disk; directory: string; clock: Clock; log: Logger }) {
    this.#disk = options.disk;
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Reads what was noted before the restart and begins to write. */
  async open(): Promise<void> {
    try {
      await this.#disk.makeDirectory(this.#directory);
      for (const { id, status, stopCause } of parse(await this.#disk.read(this.#path))) {
        this.#tasks.set(id, { status: fromJson(TaskStatusSchema, status), stopCause });
      }
    } catch (error) {
      this.#log.warn("cannot read what was noted of tasks", { path: this.#path, error: asFault(error).message });
    }
    this.#writing = this.#writeLoop();
  }

  get(taskId: string): LocalTask | undefined {
    return this.#tasks.get(taskId);
  }

  ids(): string[] {
    return [...this.#tasks.keys()];
  }

  /** Written soon. */
  note(taskId: string, local: LocalTask): void {
    this.#tasks.set(taskId, local);
    this.#touch();
  }

  forget(taskId: string): void {
    if (this.#tasks.delete(taskId)) this.#touch();
  }

  /** Resolves when everything noted is on disk (or could not be written). */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#bell.ring();
    await this.#writing;
  }

  get #path(): string {
    return `${this.#directory}/${fileName}`;
  }

  #touch(): void {
    this.#dirty = true;
    this.#bell.ring();
  }

  async #writeLoop(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted || this.#dirty) {
      if (!this.#dirty) await this.#bell.wait();
      else await this.#write();
      await sleep(this.#clock, writePeriodMs, signal);
    }
  }

  async #write(): Promise<void> {
    this.#dirty = false;
    const tasks = [...this.#tasks].map(([id, { status, stopCause }]) => ({
      id,
      status: toJson(TaskStatusSchema, status),
      stopCause,
    }));
    try {
      await this.#disk.replace(this.#path, Buffer.from(JSON.stringify({ tasks })));
    } catch (error) {
      this.#log.warn("cannot note the states of tasks", { path: this.#path, error: asFault(error).message });
    }
  }
}

function parse(content: Uint8Array | undefined): Entry[] {
  if (!content) return [];
  const { tasks } = JSON.parse(Buffer.from(content).toString()) as { tasks: Entry[] };
  return tasks;
}
