import { assert } from "../lib/assert.ts";
import { asFault, Fault } from "../lib/fault.ts";
import type { Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";
import { type HardState, highest, type Index, type Snapshot } from "../raft/entry.ts";
import { MemoryStorage } from "../raft/memory-storage.ts";
import type { Save } from "../raft/ready.ts";
import { LogImage } from "./log-image.ts";
import { decodeItems, encodeEntries, encodeItems, type Identity, type LogItem } from "./log-record.ts";
import type { Sealer } from "./sealer.ts";
import { inParts, SnapshotFiles, type SnapshotInParts } from "./snapshot-files.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";

export interface JournalOptions {
  readonly disk: Disk;
  /** Nothing else may be in it. */
  readonly directory: string;
  readonly sealer: Sealer;
  readonly log: Logger;
  readonly segmentBytes?: number;
}

/** What of its log a manager keeps behind a snapshot, for followers that are slow, and how many snapshots. */
export interface Retention {
  readonly entries: bigint;
  readonly oldSnapshots: number;
}

const nothing = new Uint8Array();

/** Raft's durable state on one manager's disk, and its image in memory that the core looks things up in. */
export class Journal {
  readonly storage = new MemoryStorage();
  readonly #snapshots: SnapshotFiles;
  readonly #options: JournalOptions;
  #identity: Identity | undefined;
  /** As it was last handed out to be written. */
  #hardState: HardState = this.storage.hardState;
  #isHardStateWritten = true;
  #log: WriteAheadLog | undefined;
  /** The newest snapshot with its data, while somebody needs it. */
  #atHand: Snapshot | undefined;
  #loading = false;
  /** The last that was offered to the core. */
  #newest: Index = 0n;

  private constructor(options: JournalOptions) {
    this.#options = options;
    this.#snapshots = new SnapshotFiles(options);
  }

  /** Begins a log in a directory that has none; with `founding` as its first content. Durable when it resolves. */
  static async create(options: JournalOptions, identity: Identity, founding: Founding = {}): Promise<Journal> {
    const journal = new Journal(options);
    journal.#identity = identity;
    const payloads = await journal.#openLog();
    assert(payloads.length === 0, "a new log where there is one");
    const { snapshot, entries = [], hardState } = founding;
    await journal.save([{ snapshot, entries, hardState, mustSync: true }]);
    return journal;
  }

  /**
   * Reads the log of a directory; undefined when there is none. Returns the newest snapshot with its data, which it does not keep. Fault
   * data_loss says what is damaged, and where.
   */
  static async open(
    options: JournalOptions,
  ): Promise<{ journal: Journal; snapshot: Snapshot | undefined } | undefined> {
    const journal = new Journal(options);
    const snapshot = await journal.#snapshots.newest();
    const image = new LogImage();
    for (const payload of await journal.#openLog()) for (const item of decodeItems(payload)) image.take(item);
    journal.#identity = image.identity;
    if (!image.identity) {
      await journal.close();
      if (!snapshot) return undefined;
      throw new Fault("data_loss", `Cannot read the log in "${options.directory}": there is only its snapshot`);
    }
    await journal.#take(image, snapshot);
    return { journal, snapshot };
  }

  get identity(): Identity {
    assert(this.#identity, "a journal has an identity");
    return this.#identity;
  }

  /**
   * Writes saves in their order, and makes them durable together. Rejects as `WriteAheadLog.append` does; after
   * resource_exhausted the same may be tried again.
   */
  async save(saves: readonly Save[]): Promise<void> {
    for (const { snapshot } of saves) if (snapshot) await this.#snapshots.write(inParts(snapshot));
    const noted = this.#isHardStateWritten ? [] : [encodeItems([this.#hardStateItem])];
    const mark = saves.map(markOfSave).reduce(highest, 0n);
    await this.#writer.append([{ payload: [...noted, ...saves.flatMap(partsOf)], mark }]);
    for (const save of saves) this.#show(save);
    this.#isHardStateWritten = true;
  }

  /** Takes in a commit index that need not be durable: it is found out anew. */
  note(hardState: HardState): void {
    this.storage.setHardState(hardState);
    this.#hardState = hardState;
    this.#isHardStateWritten = false;
  }

  /** Puts a snapshot of the state that the log led to behind it, and drops what is not wanted any more. Returns its size in bytes. */
  async record(snapshot: SnapshotInParts, retention: Retention): Promise<number> {
    const bytes = await this.#snapshots.write(snapshot);
    // A leader's snapshot has overtaken it meanwhile.
    if (snapshot.index < this.storage.firstIndex) return bytes;
    this.#atHand = undefined;
    this.#offer(snapshot);
    await this.#snapshots.dropOld(retention.oldSnapshots);
    this.storage.compact(highest(snapshot.index - retention.entries, 0n));
    await this.#writer.dropThrough(this.storage.firstIndex - 1n);
    return bytes;
  }

  /** Seals all that is on the disk with the sealer's last key, while writing goes on. Durable when it resolves. */
  async reseal(): Promise<void> {
    await this.#snapshots.reseal();
    await this.#writer.reseal();
  }

  /** Lets go of a snapshot's data that was read for a follower. */
  forgetSnapshot(): void {
    this.#atHand = undefined;
  }

  /** Writes down what is not durable yet, if the disk still takes it, and lets go of the files. */
  async close(): Promise<void> {
    try {
      if (!this.#isHardStateWritten)
        await this.#writer.append([{ payload: [encodeItems([this.#hardStateItem])], mark: 0n }]);
    } catch (error) {
      this.#options.log.debug("the commit index is not on disk", { reason: asFault(error).message });
    }
    await this.#writer.close();
  }

  get #writer(): WriteAheadLog {
    assert(this.#log, "the log is open");
    return this.#log;
  }

  async #openLog(): Promise<readonly Uint8Array[]> {
    const { log, payloads } = await WriteAheadLog.open({
      ...this.#options,
      head: () => encodeItems([{ kind: "identity", identity: this.identity }, this.#hardStateItem]),
      markOf: payload => markOf(decodeItems(payload)),
    });
    this.#log = log;
    return payloads;
  }

  get #hardStateItem(): LogItem {
    return { kind: "hard-state", hardState: this.#hardState };
  }

  async #take(image: LogImage, snapshot: Snapshot | undefined): Promise<void> {
    const isRestart = image.fill(this.storage, snapshot);
    this.#hardState = this.storage.hardState;
    if (!snapshot) return;
    this.#offer(snapshot);
    const { index, term } = snapshot;
    // The power went between the snapshot that a leader sent and the log's word of it.
    if (isRestart)
      await this.#writer.append([{ payload: [encodeItems([{ kind: "restart", index, term }])], mark: index }]);
  }

  #show({ snapshot, entries, hardState }: Save): void {
    if (snapshot) {
      this.storage.install({ ...snapshot, data: nothing });
      this.#atHand = undefined;
      this.#offer(snapshot);
    }
    this.storage.append(entries);
    if (!hardState) return;
    this.storage.setHardState(hardState);
    this.#hardState = hardState;
  }

  #offer({ index, term, configuration }: Omit<Snapshot, "data">): void {
    this.#newest = index;
    this.storage.offer({ index, term, configuration }, () => this.#fetch());
  }

  /** The snapshot if it is at hand; has it fetched otherwise. */
  #fetch(): Snapshot | undefined {
    if (!this.#atHand && !this.#loading) {
      this.#loading = true;
      void this.#load().finally(() => {
        this.#loading = false;
      });
    }
    return this.#atHand;
  }

  async #load(): Promise<void> {
    try {
      const snapshot = await this.#snapshots.newest();
      // A newer one was written meanwhile, and the log will begin after that: the next look finds it.
      if (snapshot && snapshot.index >= this.#newest) this.#atHand = snapshot;
    } catch (error) {
      this.#options.log.error("cannot read a snapshot that a manager needs", { reason: asFault(error).message });
    }
  }
}

/** What a new log begins with. */
export type Founding = Partial<Omit<Save, "mustSync">>;

/** The order matters: a snapshot voids the log, entries follow on it, and the hard state may say that they are committed. */
function partsOf({ snapshot, entries, hardState }: Save): Uint8Array[] {
  const parts: Uint8Array[] = [];
  if (snapshot) parts.push(encodeItems([{ kind: "restart", index: snapshot.index, term: snapshot.term }]));
  if (entries.length > 0) parts.push(encodeEntries(entries));
  if (hardState) parts.push(encodeItems([{ kind: "hard-state", hardState }]));
  return parts;
}

function markOfSave({ snapshot, entries }: Save): Index {
  return highest(snapshot?.index ?? 0n, entries.at(-1)?.index ?? 0n);
}

/** How far the log must be covered by a snapshot before the record can go. */
function markOf(items: readonly LogItem[]): Index {
  let mark: Index = 0n;
  for (const item of items) {
    if (item.kind === "entry") mark = highest(mark, item.entry.index);
    else if (item.kind === "restart") mark = highest(mark, item.index);
  }
  return mark;
}
