/**
 * The door to durable storage. Real: `platform/disk.ts` over node:fs; simulated: `sim/disk.ts`, which loses what was
 * not synced and tears writes. All paths are absolute. Failures reject with Fault: not_found, resource_exhausted
 * (disk full), permission_denied, else data_loss.
 */
export interface Disk {
  /** The whole file, or undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces the file as one: after a crash either the old or the new content is there, whole. Durable (file and
   * directory entry synced) when it resolves. `mode` defaults to 0o600. Of content in parts each is asked for when the ones before
   * are written, so that they need not all be in memory, or made, at once.
   */
  replace(path: string, content: Uint8Array | Iterable<Uint8Array>, mode?: number): Promise<void>;
  /**
   * Opens for appending, creating the file (durably, mode 0o600) when there is none. With `reserveBytes` the file is kept about
   * that much longer than what was appended, by zeros, until it is closed; after a crash they may be there. A sync then has no
   * new size to make durable, which takes a file system half of the time. A file that is not there yet is made of the file
   * `spare`, where that is one that `recycle` has made: all of it is reserved then.
   */
  openAppend(path: string, reserveBytes?: number, spare?: string): Promise<AppendFile>;
  /**
   * Lets a file that is not needed any more be another one's room: gives it the name `spare`, and puts zeros in the place of what
   * it holds. After a crash, or when it rejects, there may be anything in `spare`; `path` is then either gone or as it was.
   */
  recycle(path: string, spare: string): Promise<void>;
  /** Names in a directory, sorted; empty when there is no such directory. */
  list(directory: string): Promise<string[]>;
  /** Creates the directory and its parents (mode 0o700); no error when it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Removes a file or a whole directory; no error when it is gone. Durable when it resolves. */
  remove(path: string): Promise<void>;
}

export interface AppendFile {
  /** Bytes, without what is reserved. */
  readonly size: number;
  /** Writes at the end; durable only after `sync`. */
  append(chunks: readonly Uint8Array[]): Promise<void>;
  /** Resolves when everything appended so far survives a power cut. After a rejection the file must not be used on. */
  sync(): Promise<void>;
  /** Cuts the file to `size` bytes, durably. */
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}
