import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import type { KnownManager } from "../agent/manager-book.ts";
import { asFault } from "../lib/fault.ts";
import type { Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";

const fileName = "managers.json";

/** Addresses alone are what earlier versions wrote. */
const Content = Type.Array(Type.Union([Type.String(), Type.Object({ nodeId: Type.String(), address: Type.String() })]));

/** The managers, kept over restarts as they change. Without the file a node begins with those it joined by. */
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

  /** None when there is no file or it makes no sense. */
  async load(): Promise<KnownManager[]> {
    try {
      const bytes = await this.#disk.read(this.#path);
      const content: Static<typeof Content> = bytes
        ? Value.Parse(Content, JSON.parse(Buffer.from(bytes).toString()))
        : [];
      return content.map(each => (typeof each === "string" ? { nodeId: "", address: each } : each));
    } catch (error) {
      this.#log.warn("cannot read the managers' addresses", { path: this.#path, error: asFault(error).message });
      return [];
    }
  }

  /** Written after what was saved before. */
  save(managers: readonly KnownManager[]): void {
    const content = managers.map(({ nodeId, address }) => ({ nodeId, address }));
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#disk.replace(this.#path, Buffer.from(JSON.stringify(content)));
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
