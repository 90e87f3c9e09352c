import { asFault } from "../lib/fault.ts";
import type { Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";

const fileName = "managers.json";

/** The managers' addresses, kept over restarts. Without the file a node begins with those it joined by. */
export class ManagerFile {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #log: Logger;
  #writing: Promise<void> = Promise.resolve();

  constructor(disk: Disk, directory: string, log: Logger) {
    this.#disk = disk;
    this.#path = `${directory}/${fileName}`;
    this.#log = log;
  }

  /** HOST:PORT each; none when there is no file or it makes no sense. */
  async load(): Promise<string[]> {
    try {
      const content = await this.#disk.read(this.#path);
      const parsed: unknown = content ? JSON.parse(Buffer.from(content).toString()) : [];
      return Array.isArray(parsed) ? parsed.filter(each => typeof each === "string") : [];
    } catch (error) {
      this.#log.warn("cannot read the managers' addresses", { path: this.#path, error: asFault(error).message });
      return [];
    }
  }

  /** Written after what was saved before. */
  save(addresses: readonly string[]): void {
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#disk.replace(this.#path, Buffer.from(JSON.stringify(addresses)));
      } catch (error) {
        this.#log.warn("cannot keep the managers' addresses", { path: this.#path, error: asFault(error).message });
      }
    });
  }

  /** Resolves when nothing is being written. */
  idle(): Promise<void> {
    return this.#writing;
  }
}
