import { defined } from "../lib/assert.ts";
import type { Credentials } from "../pki/credentials.ts";
import { dataKeyBytes, dataKeyOf, saveNodeFiles, withDataKey, withoutDataKey } from "../pki/key-file.ts";
import type { Disk } from "../ports/disk.ts";
import type { Random } from "../ports/random.ts";
import type { Caller } from "../ports/transport.ts";

export interface KeyringOptions {
  readonly disk: Disk;
  readonly random: Random;
  /** Where the files are. */
  readonly directory: string;
  /** Of the key file, as it was loaded. */
  readonly headers: ReadonlyMap<string, string>;
  /** Called before a manager's log gets a key where there was none: makes sure that there is no log of another key. */
  readonly beforeNewDataKey: () => Promise<void>;
}

/**
 * A node's credentials and, on managers alone, the key of their log, kept in one file: a certificate with the role of
 * manager is never without a data key, and one of a worker never with one, whatever is cut short.
 */
export class Keyring {
  readonly #options: KeyringOptions;
  #headers: ReadonlyMap<string, string>;

  constructor(options: KeyringOptions) {
    this.#options = options;
    this.#headers = options.headers;
  }

  /** Of a manager only. */
  dataKey(): Uint8Array {
    return defined(dataKeyOf(this.#headers), "a manager's data key");
  }

  /** Durable when it resolves. */
  async save(renewed: Credentials): Promise<void> {
    const { disk, random, directory, beforeNewDataKey } = this.#options;
    if (renewed.role === "manager" && !dataKeyOf(this.#headers)) await beforeNewDataKey();
    const headers = headersFor(renewed.role, this.#headers, random);
    await saveNodeFiles(disk, directory, { ...renewed, headers });
    this.#headers = headers;
  }
}

/** A key file's headers as a role demands them: with a data key, a new one if need be, or without. */
export function headersFor(
  role: Caller["role"],
  headers: ReadonlyMap<string, string>,
  random: Random,
): ReadonlyMap<string, string> {
  if (role === "worker") return withoutDataKey(headers);
  return dataKeyOf(headers) ? headers : withDataKey(headers, random.bytes(dataKeyBytes));
}
