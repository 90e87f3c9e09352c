import { defined } from "../lib/assert.ts";
import { Mutex } from "../lib/mutex.ts";
import type { Credentials, CredentialTexts } from "../pki/credentials.ts";
import {
  dataKeyBytes,
  dataKeyOf,
  hasBegunLog,
  type NodeFiles,
  saveNodeFiles,
  withBegunLog,
  withDataKey,
  withoutLog,
} from "../pki/key-file.ts";
import type { Disk } from "../ports/disk.ts";
import type { Random } from "../ports/random.ts";
import type { Caller } from "../ports/transport.ts";

export interface KeyringOptions {
  readonly disk: Disk;
  readonly random: Random;
  /** Where the files are. */
  readonly directory: string;
  /** As they were loaded. */
  readonly files: NodeFiles;
  /** Called before a manager's log gets a key where there was none: makes sure that there is no log of another key. */
  readonly beforeNewDataKey: () => Promise<void>;
}

/**
 * A node's credentials and, on managers alone, the key of their log, kept in one file: a certificate with the role of
 * manager is never without a data key, and one of a worker never with one, whatever is cut short.
 */
export class Keyring {
  readonly #options: KeyringOptions;
  readonly #writes = new Mutex();
  #files: NodeFiles;

  constructor(options: KeyringOptions) {
    this.#options = options;
    this.#files = options.files;
  }

  /** Of a manager only. */
  dataKey(): Uint8Array {
    return defined(dataKeyOf(this.#files.headers), "a manager's data key");
  }

  /** Whether this manager has had a log that the data key is for. */
  hasBegunLog(): boolean {
    return hasBegunLog(this.#files.headers);
  }

  /** Notes that it has. Durable when it resolves. */
  noteLog(): Promise<void> {
    return this.#writes.run(async () => {
      const { headers } = this.#files;
      // A worker by now has no log to be noted.
      if (dataKeyOf(headers) && !hasBegunLog(headers)) await this.#write(this.#files, withBegunLog(headers));
    });
  }

  /** Durable when it resolves. */
  async save(renewed: Credentials): Promise<void> {
    const { random, beforeNewDataKey } = this.#options;
    if (renewed.role === "manager" && !dataKeyOf(this.#files.headers)) await beforeNewDataKey();
    await this.#writes.run(() => this.#write(renewed, headersFor(renewed.role, this.#files.headers, random)));
  }

  async #write(
    { certificatePem, keyPem, rootPem }: CredentialTexts,
    headers: ReadonlyMap<string, string>,
  ): Promise<void> {
    const files = { certificatePem, keyPem, rootPem, headers };
    await saveNodeFiles(this.#options.disk, this.#options.directory, files);
    this.#files = files;
  }
}

/** A key file's headers as a role demands them: with a data key, a new one if need be, or without. */
export function headersFor(
  role: Caller["role"],
  headers: ReadonlyMap<string, string>,
  random: Random,
): ReadonlyMap<string, string> {
  if (role === "worker") return withoutLog(headers);
  return dataKeyOf(headers) ? headers : withDataKey(headers, random.bytes(dataKeyBytes));
}
