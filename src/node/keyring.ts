import { defined } from "../lib/assert.ts";
import { Mutex } from "../lib/mutex.ts";
import type { Credentials, CredentialTexts } from "../pki/credentials.ts";
import {
  dataKeyBytes,
  dataKeyOf,
  hasBegunLog,
  type NodeFiles,
  nextDataKeyOf,
  saveNodeFiles,
  withBegunLog,
  withChangedDataKey,
  withDataKey,
  withNextDataKey,
  withoutLog,
} from "../pki/key-file.ts";
import { isLocking, type KeyLock, noLock } from "../pki/key-lock.ts";
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

  /** Of a manager whose log is being encrypted anew: what with. */
  nextDataKey(): Uint8Array | undefined {
    return nextDataKeyOf(this.#files.headers);
  }

  /** What the keys are locked with on the disk. */
  get lock(): KeyLock {
    return this.#files.lock;
  }

  /**
   * Locks a manager's keys as the swarm wants it, or keeps them in clear again; older wishes than the last are passed
   * over. Durable when it resolves. True when keys that stood in clear are locked: they ought to be replaced, the data
   * key by `nextDataKey`, the certificate's by renewing it.
   */
  follow(lock: KeyLock): Promise<boolean> {
    return this.#writes.run(async () => {
      const { headers, lock: current } = this.#files;
      if (!dataKeyOf(headers) || lock.version <= current.version || isSame(lock, current)) return false;
      const isNew = isLocking(lock) && !isLocking(current);
      const kept = isNew ? this.#withNextDataKey(headers) : headers;
      await this.#write(this.#files, kept, lock);
      return isNew;
    });
  }

  /** Notes that nothing is left under the data key of before. Durable when it resolves. */
  noteDataKeyChanged(): Promise<void> {
    return this.#writes.run(async () => {
      const { headers } = this.#files;
      if (nextDataKeyOf(headers)) await this.#write(this.#files, withChangedDataKey(headers));
    });
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

  /** Durable when it resolves. A node that becomes a manager locks its keys with `lock`. */
  async save(renewed: Credentials, lock: KeyLock = noLock): Promise<void> {
    const { random, beforeNewDataKey } = this.#options;
    const isNewManager = renewed.role === "manager" && !dataKeyOf(this.#files.headers);
    if (isNewManager) await beforeNewDataKey();
    await this.#writes.run(() => {
      const { headers, lock: current } = this.#files;
      const kept = isNewManager ? lock : current;
      return this.#write(
        renewed,
        headersFor(renewed.role, headers, random),
        renewed.role === "manager" ? kept : noLock,
      );
    });
  }

  #withNextDataKey(headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    return nextDataKeyOf(headers) ? headers : withNextDataKey(headers, this.#options.random.bytes(dataKeyBytes));
  }

  async #write(
    { certificatePem, keyPem, rootPem }: CredentialTexts,
    headers: ReadonlyMap<string, string>,
    lock = this.#files.lock,
  ): Promise<void> {
    const files = { certificatePem, keyPem, rootPem, headers, lock };
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

function isSame(one: KeyLock, other: KeyLock): boolean {
  return Buffer.from(one.key).equals(other.key);
}
